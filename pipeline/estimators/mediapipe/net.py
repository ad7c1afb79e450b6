"""MediaPipe's networks, each on one square crop at a time, run by LiteRT.

The same crop gives the same numbers whatever was asked before: nothing is kept from one to the next.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from engine.core import EstimatorUnavailable
from pipeline.estimators.packaged_network import network_in
from schemas.tracks import EstimatorCard
from storage.packaged_files import PackagedFile

Picture = NDArray[np.uint8]
Tensor = NDArray[np.float32]

SCORE_STEPS = 4096
"""Of the grid on which scores are read: the last bit of a network's sigmoid depends on the processor."""
VERSION = "mediapipe 0.10.21"
"""The release whose networks these are."""
LICENCE = "Apache-2.0"


def network(name: str, sha256: str) -> PackagedFile:
    """One of the networks, by its path below `mediapipe/modules`."""
    member = f"mediapipe/modules/{name}"
    return PackagedFile(package="mediapipe", member=member, sha256=sha256, licence=LICENCE)


class Net:
    """A running network: tensors in, tensors out, in the order of its file."""

    def __init__(self, content: bytes) -> None:
        """One thread: results do not depend on the machine's cores, and workers do not fight for them.

        Raises:
            EstimatorUnavailable: LiteRT is not installed, or cannot run the network.
        """
        try:
            from ai_edge_litert.interpreter import Interpreter
        except ImportError as error:
            raise EstimatorUnavailable("needs ai-edge-litert: `make setup` installs it") from error
        with quiet_stderr():
            try:
                self.interpreter = Interpreter(model_content=content, num_threads=1)
                self.interpreter.allocate_tensors()
            except (RuntimeError, ValueError) as error:
                raise EstimatorUnavailable(f"LiteRT cannot run a network: {error}") from error
        self.inputs = [tensor["index"] for tensor in self.interpreter.get_input_details()]
        self.outputs = [tensor["index"] for tensor in self.interpreter.get_output_details()]

    def __call__(self, *tensors: Tensor) -> list[Tensor]:
        """What the network gives for one item of each of its inputs."""
        for index, tensor in zip(self.inputs, tensors, strict=True):
            self.interpreter.set_tensor(index, tensor)
        self.interpreter.invoke()
        return [self.interpreter.get_tensor(index) for index in self.outputs]


def load(file: PackagedFile) -> bytes:
    """The content of a network's file.

    Raises:
        EstimatorUnavailable: it is not there, or is another's.
    """
    return network_in(file, bytes)


def card(name: str, files: tuple[PackagedFile, ...]) -> EstimatorCard:
    """Card of an estimator that runs these networks."""
    digests = "".join(sorted(file.sha256 for file in files))
    return EstimatorCard(
        name=name,
        version=VERSION,
        weights_sha256=hashlib.sha256(digests.encode()).hexdigest(),
        licence=LICENCE,
    )


def as_input(picture: Picture, low: float) -> Tensor:
    """A crop (side, side, 3) as a network's input (1, side, side, 3): black is `low`, white is 1."""
    return (picture.astype(np.float32) * np.float32((1 - low) / 255) + np.float32(low))[None]


def sigmoid(values: Tensor) -> Tensor:
    """1 / (1 + exp(-x)), with x held to where it does not overflow."""
    return np.asarray(1 / (1 + np.exp(-np.clip(values, -80, 80))), np.float32)


def score(value: Tensor) -> float:
    """The single probability in a tensor, on the grid of `SCORE_STEPS`."""
    return round(float(value.item()) * SCORE_STEPS) / SCORE_STEPS


@contextlib.contextmanager
def quiet_stderr() -> Iterator[None]:
    """Sends the process's stderr to nowhere meanwhile.

    The native libraries write start-up notices straight to file descriptor 2 and offer no switch. Errors
    still come as exceptions.
    """
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
