"""What a phase teaches by: a batch becomes a lesson, and the network is scored on it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar, Protocol

import numpy as np
import torch
from torch import Generator

from dataset.index import Index
from model.data.batch import Batch
from model.data.latents import caption_of
from model.data.loader import Loader
from model.data.mixture import MixedSamples
from model.encode.inputs import Inputs, begun_later, faces_of, inputs_of, sometimes_handed_over
from model.nets.autoencoders.wan import VideoCodec
from model.nets.dit import DiT
from model.sample.first_frames import FirstFrames
from model.train.engines.engine import Engine
from model.train.init import clip_of
from model.train.objectives.speech import SpeechInputs, score_speech, shown_by, speech_inputs, spread_of
from model.train.objectives.video import Score, score
from model.train.phases import Phase
from model.train.settings import Training
from model.train.validation import ValidationSettings, Validator


class Task(Protocol):
    """The way from a batch to a loss."""

    metrics: ClassVar[tuple[str, ...]]
    """What is said of each batch, in this order."""

    def begin(self, net: DiT) -> None:
        """Measure what a network has to know before its first step."""
        ...

    def validator(self, held_out: MixedSamples | None) -> Validator:
        """What is looked at of held-out samples."""
        ...

    def given(self, batch: Batch) -> Any:
        """The lesson of a batch, which has clips, where its tensors are."""
        ...

    def score(self, engine: Engine, given: Any, generator: Generator, first_frame_share: float) -> Score:
        """The loss of a lesson; what is left to chance comes from the generator."""
        ...


@dataclass(frozen=True, kw_only=True)
class VideoTask:
    """Velocities of noisy videos."""

    loader: Loader
    codec: VideoCodec
    validation: ValidationSettings
    faces: bool
    fresh_faces: bool
    """The motion encoder began from nothing."""
    timestep_shift: float
    head_weight: float
    latent_share: float
    times: tuple[float, float]
    first_frames: FirstFrames
    stride: int
    metrics: ClassVar[tuple[str, ...]] = ("loss", "target_power", "pred_power", "time")

    def begin(self, net: DiT) -> None:
        """The statistics of faces, where the network is told of some and its motion encoder has none."""
        if self.faces and self.fresh_faces and not net.face.motion.measured():
            clips = Validator(
                self.loader, self.loader.drawn.present, ValidationSettings(clips=MEASURED), self.codec
            )
            net.face.measure([faces_of(clips[clip]) for clip in range(len(clips))])

    def validator(self, held_out: MixedSamples | None) -> Validator:
        """All samples, some made into films."""
        sampler = self.validation.sampler.as_trained(self.timestep_shift)
        return Validator(self.loader, held_out, replace(self.validation, sampler=sampler), self.codec)

    def given(self, batch: Batch) -> Inputs:
        """Latents and their conditions."""
        return inputs_of(batch, self.codec, faces=self.faces, first_frames=self.first_frames)

    def score(self, engine: Engine, given: Inputs, generator: Generator, first_frame_share: float) -> Score:
        """With times and noise of the generator, and a share of clips that continue another."""
        if self.latent_share and float(torch.rand((), generator=generator)) < self.latent_share:
            given, first_frame_share = begun_later(given), 1.0
        conditions = sometimes_handed_over(given.conditions, generator, first_frame_share)
        return score(
            engine,
            replace(given, conditions=conditions),
            generator,
            timestep_shift=self.timestep_shift,
            head_weight=self.head_weight,
            times=self.times,
            stride=self.stride,
        )


@dataclass(frozen=True, kw_only=True)
class SpeechTask:
    """Motion of faces by what is heard."""

    loader: Loader
    codec: VideoCodec
    validation: ValidationSettings
    metrics: ClassVar[tuple[str, ...]] = ("loss", "target_power", "mouth", "pace", "sync", "in_sync")

    @torch.no_grad()
    def begin(self, net: DiT) -> None:
        """Mean and spread of the motion of faces that are heard.

        Raises:
            ValueError: no sample has both a face and sound, or one breaks a promise of formats.md, or the
            motion encoder gives all faces the same motion.
        """
        clips = Validator(
            self.loader, heard_in(self.loader.drawn.present), ValidationSettings(clips=MEASURED), self.codec
        )
        shown = [shown_by(net, speech_inputs(clips[clip])) for clip in range(len(clips))]
        if not sum(map(len, shown)):
            raise ValueError(f"{self.loader.named}: no sample has a face and sound: speech cannot be learned")
        mean_V, spread_V = spread_of(torch.cat(shown), net.sizes.motion.parts)
        if not spread_V.all():
            raise ValueError(
                "the motion encoder tells no two faces apart, so speech has nothing to learn from it: "
                "train faces at a lower optimizer.lr, or give --settings.motion"
            )
        net.speech.mean_V.copy_(mean_V)
        net.speech.spread_V.copy_(spread_V)

    def validator(self, held_out: MixedSamples | None) -> Validator:
        """Samples with sound; no films, as videos are not learned."""
        return Validator(
            self.loader, held_out and heard_in(held_out), replace(self.validation, films=0), self.codec
        )

    def given(self, batch: Batch) -> SpeechInputs:
        """Sounds and faces."""
        return speech_inputs(batch)

    def score(
        self,
        engine: Engine,
        given: SpeechInputs,
        generator: Generator,  # noqa: ARG002 - the protocol's signature
        first_frame_share: float,  # noqa: ARG002
    ) -> Score:
        """Nothing is left to chance."""
        return engine.ask(partial(score_speech, given=given))


MEASURED = 16
"""Samples that faces are measured on."""


def heard_in(samples: MixedSamples) -> MixedSamples | None:
    """The samples with sound and a face that may speak."""
    heard = samples.each(speaking)
    return heard if len(heard) else None


def speaking(index: Index) -> Index:
    """Those of a data set."""
    sound, face = (index.table[name].to_numpy() for name in ("has_audio", "face_ratio"))
    return replace(index, table=index.table.filter(sound & (face > 0)))


def refuse_silence(settings: Training, loader: Loader) -> int:
    """Samples with a face and sound, where a phase is to teach speech; 0 where none is.

    Raises:
        ValueError: there are none: that phase, the last as a rule, could learn nothing.
    """
    if all(phase.task != "speech" for phase in settings.phases):
        return 0
    heard = heard_in(loader.drawn.present)
    if heard is None:
        raise ValueError(f"{loader.named}: no sample has a face and sound: speech cannot be learned")
    return len(heard)


def refuse_other_captions(settings: Training, loader: Loader) -> int:
    """Samples with a caption that the network is told; 0 without stored captions.

    Raises:
        ValueError: the network reads tokens of another width.
    """
    if loader.captions is None:
        return 0
    width = loader.captions.width
    if width not in {0, settings.sizes.text_width}:
        raise ValueError(
            f"captions of {width} numbers a token, and a network that reads {settings.sizes.text_width}: "
            f"begin a run with --settings.sizes.text-width {width}"
        )
    extras = np.concatenate([part.values("extra") for part in loader.drawn.present.parts])
    found, counts = np.unique(extras, return_counts=True)
    tells = [loader.captions.caption(caption_of(extra)) is not None for extra in found.tolist()]
    return int(counts[tells].sum())


def task_of(
    phase: Phase, settings: Training, codec: VideoCodec, loader: Loader, device: torch.device
) -> Task:
    """What a phase of a training teaches by."""
    if phase.task == "speech":
        return SpeechTask(loader=loader, codec=codec, validation=settings.validation)
    return VideoTask(
        loader=loader,
        codec=codec,
        validation=settings.validation,
        faces=phase.faces,
        fresh_faces=settings.motion is None,
        timestep_shift=settings.timestep_shift,
        head_weight=settings.head_weight,
        latent_share=settings.latent_share,
        times=settings.times,
        first_frames=FirstFrames.of(settings.sizes, codec, clip_of(settings, device)),
        stride=settings.sizes.stride,
    )
