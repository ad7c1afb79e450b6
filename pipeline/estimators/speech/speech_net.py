"""Silero's voice activity network (MIT) in numpy: 16 kHz sound to the probability of speech in every 32 ms.

Spectra of four overlapping windows a step, four convolutions over them, one LSTM cell over the steps.

S steps, W windows of a step, C channels.
"""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from zipfile import BadZipFile, ZipFile

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
STEP = 512
"""Samples of a step."""
BEFORE = 64
"""Samples of the step before that are heard again."""
WINDOW, HOP = 256, 128
"""Samples of a window, and from one to the next."""
CELL = 128
"""Numbers that the cell remembers."""
CONVOLUTIONS = (("conv1", 1), ("conv2", 2), ("conv3", 2), ("conv4", 1))
"""Names and strides."""
SHAPES = {
    "stft_conv.weight": (258, 1, WINDOW),
    "conv1.weight": (128, 129, 3),
    "conv1.bias": (128,),
    "conv2.weight": (64, 128, 3),
    "conv2.bias": (64,),
    "conv3.weight": (64, 64, 3),
    "conv3.bias": (64,),
    "conv4.weight": (CELL, 64, 3),
    "conv4.bias": (CELL,),
    "lstm_cell.weight_ih": (4 * CELL, CELL),
    "lstm_cell.weight_hh": (4 * CELL, CELL),
    "lstm_cell.bias_ih": (4 * CELL,),
    "lstm_cell.bias_hh": (4 * CELL,),
    "final_conv.weight": (1, CELL, 1),
    "final_conv.bias": (1,),
}


FOLDER, FIRST = "VADr_v6_10_25_noths_re/data", 2
"""Where the file, a zip of torch's, has the numbers of the network for 16 kHz, in the order of `SHAPES`."""


def weights_in(content: bytes) -> dict[str, Array]:
    """The weights in the file of its authors. Nothing in it is run: numbers alone are read.

    Raises:
        ValueError: it has others.
    """
    try:
        with ZipFile(BytesIO(content)) as file:
            parts = [file.read(f"{FOLDER}/{FIRST + place}") for place in range(len(SHAPES))]
    except (BadZipFile, KeyError) as error:
        raise ValueError("not the weights of the speech network") from error
    named = zip(SHAPES.items(), parts, strict=True)
    return {name: np.frombuffer(part, "<f4").reshape(shape) for (name, shape), part in named}


class SpeechNet:
    """The network on its weights, by the names of its file."""

    def __init__(self, weights: Mapping[str, Array]) -> None:
        self.weights = weights

    def __call__(self, sound: Array) -> NDArray[np.float64]:
        """Probabilities (S,) of speech in steps of samples (n,) in -1..1; the last is filled up with 0."""
        count = -(-len(sound) // STEP)
        if not count:
            return np.zeros(0)
        whole = np.zeros(BEFORE + count * STEP, np.float32)
        whole[BEFORE : BEFORE + len(sound)] = sound
        steps_SC = np.lib.stride_tricks.sliding_window_view(whole, BEFORE + STEP)[::STEP]
        return self.remembered(self.features(steps_SC))

    def features(self, steps_SC: Array) -> Array:
        """What the convolutions make of each step (S, CELL)."""
        mirrored = np.pad(steps_SC, ((0, 0), (0, BEFORE)), "reflect")
        windows_SWC = np.lib.stride_tricks.sliding_window_view(mirrored, WINDOW, axis=1)[:, ::HOP]
        both = windows_SWC @ self.weights["stft_conv.weight"][:, 0].T
        half = both.shape[-1] // 2
        x_SWC = np.hypot(both[..., :half], both[..., half:])
        for name, stride in CONVOLUTIONS:
            x_SWC = self.convolved(x_SWC, name, stride)
        return np.asarray(x_SWC[:, 0], np.float32)

    def convolved(self, x_SWC: Array, name: str, stride: int) -> Array:
        """A convolution over three windows, and what of it is positive."""
        padded = np.pad(x_SWC, ((0, 0), (1, 1), (0, 0)))
        taps = self.weights[f"{name}.weight"]
        last = x_SWC.shape[1]
        y = sum(padded[:, tap : tap + last : stride] @ taps[..., tap].T for tap in range(3))
        return np.maximum(y + self.weights[f"{name}.bias"], np.float32(0))

    def remembered(self, x_SC: Array) -> NDArray[np.float64]:
        """The cell's way through all steps, and what it says at each."""
        bias = self.weights["lstm_cell.bias_ih"] + self.weights["lstm_cell.bias_hh"]
        given = x_SC @ self.weights["lstm_cell.weight_ih"].T + bias
        again = self.weights["lstm_cell.weight_hh"].T
        hidden, cell = np.zeros(CELL, np.float32), np.zeros(CELL, np.float32)
        outputs = np.zeros((len(given), CELL))
        for step, gates in enumerate(given):
            enter, forget, new, leave = np.split(gates + hidden @ again, 4)
            cell = sigmoid(forget) * cell + sigmoid(enter) * np.tanh(new)
            hidden = sigmoid(leave) * np.tanh(cell)
            outputs[step] = np.maximum(hidden, 0)
        last = self.weights["final_conv.weight"][0, :, 0].astype(np.float64)
        return np.asarray(sigmoid(outputs @ last + self.weights["final_conv.bias"]), np.float64)


def sigmoid(x: NDArray[np.floating]) -> NDArray[np.floating]:
    """1 / (1 + exp(-x)), whatever its size."""
    return (1 + np.tanh(x / 2)) / 2
