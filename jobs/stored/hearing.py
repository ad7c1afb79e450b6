"""The public encoder by which a training hears speech: chosen when a run begins, and the same ever after."""

from __future__ import annotations

from dataclasses import replace

from model.nets.pretrained.hearing import hearing_digest, hearing_sizes
from model.train.settings import Training


def with_hearing(settings: Training) -> Training:
    """The settings with sizes that fit the encoder's features, if there is one; they name it from then on.

    Raises:
        ValueError: there is none in its folder, or another than the run began with.
        OSError: a file cannot be read.
    """
    folder, sizes = settings.hearing, settings.sizes
    if folder is None:
        return settings
    if not sizes.speech.encoder:
        return replace(settings, sizes=replace(sizes, speech=hearing_sizes(folder, sizes.speech)))
    if hearing_digest(folder) != sizes.speech.encoder:
        raise ValueError(f"{folder}: another encoder of speech than the one that the run began with")
    return settings
