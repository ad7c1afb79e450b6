"""All that films are measured with, loaded once a worker, and how one film is measured."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.placement import placement
from jobs.evaluation.films import Pictures
from jobs.evaluation.manifest import Resize
from jobs.evaluation.people import PeopleMeter, Vector, face_of
from media.stills import read_still
from media.vmaf import Vmaf, has_vmaf
from media.voice import voice_of
from model.encode.threads import one_thread
from model.eval.drift import Segments
from model.eval.effnet_meter import EffNetMeter
from model.eval.feature_meter import FeatureMeter
from model.eval.lips import loudness
from model.eval.networks import Networks, WeightFiles, load_networks
from model.eval.people import SeenPerson
from model.eval.picture_meter import PictureMeter
from model.eval.stream import Meter, Readings, measure
from model.eval.time_meter import TimeMeter
from pipeline.estimators.identity.face_embedder import FaceEmbedder, PackagedFaceEmbedder
from pipeline.flow import Backends
from pipeline.stages.estimate import Estimators
from schemas.media import SOUND_RATE
from schemas.outcome import Rejected

REFERENCE_PIXELS = 2048 * 2048
"""Larger references are shrunk to this."""


@dataclass(frozen=True, kw_only=True)
class Measuring:
    """What is measured, and how: two scores agree only where all of this does."""

    weights: WeightFiles = field(default_factory=WeightFiles)
    people: bool = True
    backends: Backends = field(default_factory=Backends)
    resize: Resize = "none"
    segments: Segments = field(default_factory=Segments)
    device: str = placement("cpu")


class VmafMeter:
    """`vmaf` of frames beside their truth."""

    def __init__(self, vmaf: Vmaf) -> None:
        self.vmaf = vmaf

    def see(self, made: Pictures, truth: Pictures | None) -> None:
        """Frames and their truth."""
        if truth is not None:
            self.vmaf.see(made, truth)

    def tell(self) -> Readings:
        """Values of each frame."""
        values = self.vmaf.tell()
        return Readings(frames={"vmaf": values} if len(values) else {})


class Instruments:
    """Networks and estimators."""

    def __init__(self, how: Measuring) -> None:
        self.how = how
        self.networks: Networks = load_networks(how.weights, how.device)
        self.estimators: Estimators | None = how.backends.build() if how.people else None
        self.embedder: FaceEmbedder | None = PackagedFaceEmbedder().build() if how.people else None
        self.with_vmaf = has_vmaf()

    def measured(
        self, pictures: Iterable[Pictures], truth: Iterable[Pictures] | None, face: Vector | None
    ) -> tuple[Readings, SeenPerson | None]:
        """Readings of a film, and who is seen in it where people are looked for.

        Raises:
            Rejected: "not_comparable" with its truth.
        """
        people = self.people(face)
        with ExitStack() as stack, one_thread():
            meters: list[Meter] = [PictureMeter(self.networks), FeatureMeter(self.networks), TimeMeter()]
            meters += [] if self.networks.effnet is None else [EffNetMeter(self.networks.effnet)]
            meters += [] if people is None else [people]
            if self.with_vmaf and truth is not None:
                meters.append(VmafMeter(stack.enter_context(Vmaf())))
            try:
                readings = measure(meters, pictures, truth)
            except ValueError as error:
                raise Rejected("not_comparable", str(error)) from error
        return readings, None if people is None else people.person

    def people(self, face: Vector | None) -> PeopleMeter | None:
        """What looks for people in one film."""
        if self.estimators is None or self.embedder is None:
            return None
        return PeopleMeter(self.estimators, self.embedder, face)

    def face(self, path: Path) -> Vector | None:
        """The vector of the face in a picture of this machine; None where none is seen or people are not.

        Raises:
            Rejected: it is no picture.
        """
        picture = read_still(path, max_pixels=REFERENCE_PIXELS)
        if self.estimators is None or self.embedder is None:
            return None
        return face_of(self.estimators, self.embedder, picture)


def sound_of(path: Path, frames: int, fps: float) -> NDArray[np.float64] | None:
    """Loudness under each frame of a film; None where it has no sound of a second."""
    try:
        with voice_of(path) as voice:
            return loudness(np.asarray(voice.samples), SOUND_RATE, frames, fps)
    except Rejected:
        return None
