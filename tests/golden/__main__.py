"""Draws the golden images anew: `python -m tests.golden`. Look at them before they are committed."""

from __future__ import annotations

import cv2

from tests.golden.cases import FOLDER, cases

for name, picture in cases().items():
    cv2.imwrite(str(FOLDER / f"{name}.png"), picture[..., ::-1])
