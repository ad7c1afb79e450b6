"""The share of a sound's time in which somebody speaks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from pipeline.estimators.packaged_network import card_of, network_in
from pipeline.estimators.speech.packaged import SPEECH_NETWORK
from pipeline.estimators.speech.speech_net import STEP, SpeechNet, weights_in
from schemas.tracks import EstimatorCard
from storage.packaged_files import PackagedFile

GRID = 4096
"""Probabilities are read in this part of 1: what processors round otherwise is less."""


@dataclass(frozen=True, kw_only=True)
class PackagedSpeech:
    """The embedded speech network: `understudy weights` fetches it."""

    packaged: ClassVar[tuple[PackagedFile, ...]] = (SPEECH_NETWORK,)
    min_probability: float = 0.5
    """Speech is where the network says at least this, as its authors have it."""

    @property
    def card(self) -> EstimatorCard:
        """What provenance says of it."""
        return card_of(SPEECH_NETWORK, "silero_vad", "6")

    def build(self) -> SpeechShare:
        """What tells the share.

        Raises:
            EstimatorUnavailable: its file is missing.
        """
        return SpeechShare(self)


class SpeechShare:
    """Tells in how much of a span somebody speaks; singing counts in part, music and noise do not."""

    def __init__(self, settings: PackagedSpeech) -> None:
        self.settings = settings
        self._net = SpeechNet(network_in(SPEECH_NETWORK, weights_in))
        self.card = settings.card

    def __call__(self, sound: NDArray[np.int16], span: int) -> float:
        """Of samples at 16 kHz, the first of a span of so many; what is not there is silent."""
        probability = np.round(self._net(sound.astype(np.float32) / np.float32(2**15)) * GRID) / GRID
        spoken = np.count_nonzero(probability >= self.settings.min_probability)
        return spoken / -(-span // STEP)
