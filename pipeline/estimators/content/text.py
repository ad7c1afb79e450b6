"""How much of a picture readable text covers: PP-OCRv6's detector and recogniser, as rapidocr chains them."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.estimators.content.installed import Extra

DETECTOR = "models/PP-OCRv6_det_small.onnx"
RECOGNISER = "models/PP-OCRv6_rec_small.onnx"
PACKAGE = Extra(
    name="text",
    package="rapidocr",
    sha256={
        DETECTOR: "090f04abcd9d9a7498bc4ebf677e4cb9bdce1fe4197ddb7e529f1ef44e1ff94f",
        RECOGNISER: "6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884",
    },
)
SIDE_PX = 640
"""Longest side of the picture in which text is looked for; it is read at the picture's own size."""
FEWEST_CHARACTERS = 2
"""The detector takes faces and clothes for text, over up to all of a picture, and a single character is then
read there, with confidences up to 0.84; what was read of two and more was text in 36 clips."""


class TextReader:
    """Tells which share of a picture is covered by text.

    Raises:
        EstimatorUnavailable: the extra is not installed.
    """

    def __init__(self, min_confidence: float) -> None:
        folder = PACKAGE.folder()
        from rapidocr import RapidOCR

        one_thread = {f"EngineConfig.onnxruntime.{kind}_op_num_threads": 1 for kind in ("intra", "inter")}
        given: dict[str, Any] = {
            "Global.log_level": "critical",  # it tells each picture without text
            "Global.use_cls": False,
            "Global.text_score": 0.0,
            "Det.limit_type": "max",
            "Det.limit_side_len": SIDE_PX,
            "Det.model_path": str(folder / DETECTOR),  # named, so that nothing is fetched
            "Rec.model_path": str(folder / RECOGNISER),
        }
        self.chain = RapidOCR(params=given | one_thread)
        self.min_confidence = min_confidence

    def __call__(self, picture: NDArray[np.uint8]) -> float:
        """Share of a picture (h w 3), RGB, 0 to 1, in boxes of text that was read with confidence."""
        height, width = picture.shape[:2]
        found: Any = self.chain(np.ascontiguousarray(picture[..., ::-1]))
        if not found.txts:
            return 0.0
        boxes = [
            np.asarray(box, np.float32)
            for box, text, confidence in zip(found.boxes, found.txts, found.scores, strict=True)
            if confidence >= self.min_confidence and num_characters(text) >= FEWEST_CHARACTERS
        ]
        covered = sum(map(cv2.contourArea, boxes))
        return float(min(1.0, covered / (width * height)))


def num_characters(text: str) -> int:
    """Letters and digits of a text, of any script."""
    return sum(character.isalnum() for character in text)
