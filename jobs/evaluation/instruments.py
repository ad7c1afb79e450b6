"""All that films are measured with, loaded once a worker, and how one film is measured."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from jobs.evaluation.films import Pictures
from jobs.evaluation.manifest import Resize
from jobs.evaluation.people import PeopleMeter, Vector, face_of
from jobs.evaluation.retargeted import ExpectedJoints, expected_joints
from media.stills import read_still
from media.vmaf import Vmaf, has_vmaf
from media.voice import voice_of
from model.encode.threads import one_thread
from model.eval.drift import Segments
from model.eval.effnet_meter import EffNetMeter
from model.eval.feature_meter import FeatureMeter
from model.eval.lip_reader import LipEmbeddings, LipReader
from model.eval.lips import loudness, mouth_and_sound
from model.eval.networks import Networks, WeightFiles, load_networks
from model.eval.people import SeenPerson
from model.eval.picture_meter import PictureMeter
from model.eval.stream import Meter, OtherSize, Readings, measure
from model.eval.syncnet import heard, in_sync
from model.eval.time_meter import TimeMeter
from pipeline.backends import Backends
from pipeline.estimators.identity.face_embedder import FaceEmbedder, PackagedFaceEmbedder
from pipeline.stages.clip_tracks import Estimators
from schemas.media import SOUND_RATE
from schemas.outcome import Rejected
from schemas.placement import placement

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


@dataclass(frozen=True, kw_only=True)
class FilmReading:
    """What a film has given."""

    readings: Readings
    person: SeenPerson | None = None
    """None where people are not looked for."""
    lips: LipEmbeddings | None = None
    """What SyncNet saw, where its file is given."""


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
        self, pictures: Iterable[Pictures], truth: Iterable[Pictures] | None, face: Vector | None, fps: float
    ) -> FilmReading:
        """What a film of some frames a second gives, beside its truth where there is one.

        Raises:
            Rejected: "not_comparable" with its truth.
        """
        people = self.people(face, fps)
        with ExitStack() as stack, one_thread():
            meters: list[Meter] = [PictureMeter(self.networks), FeatureMeter(self.networks), TimeMeter()]
            meters += [] if self.networks.effnet is None else [EffNetMeter(self.networks.effnet)]
            meters += [] if people is None else [people]
            if self.with_vmaf and truth is not None:
                meters.append(VmafMeter(stack.enter_context(Vmaf())))
            try:
                readings = measure(meters, pictures, truth)
            except OtherSize as error:
                hint = "understudy evaluate manifest --resize lanczos makes a benchmark that takes any size"
                raise Rejected("not_comparable", f"{error}; {hint}") from error
            except ValueError as error:
                raise Rejected("not_comparable", str(error)) from error
        if people is None:
            return FilmReading(readings=readings)
        lips = None if people.lips is None else people.lips.embeddings()
        return FilmReading(readings=readings, person=people.person, lips=lips)

    def people(self, face: Vector | None, fps: float) -> PeopleMeter | None:
        """What looks for people in one film."""
        if self.estimators is None or self.embedder is None:
            return None
        net = self.networks.syncnet
        lips = None if net is None else LipReader(net, fps)
        return PeopleMeter(self.estimators, self.embedder, face, lips)

    def in_step(self, reading: FilmReading, films: Sequence[Path], fps: float) -> dict[str, float]:
        """The mouth of a film against the sound of the first of some films that has any."""
        if reading.person is None:
            return {}
        samples = next((found for film in films if (found := sound_of(film)) is not None), None)
        if samples is None:
            return {}
        opening = reading.readings.frames["mouth_open"]
        values = mouth_and_sound(opening, loudness(samples, SOUND_RATE, len(opening), fps))
        if self.networks.syncnet is None or reading.lips is None:
            return values
        return values | in_sync(reading.lips, heard(self.networks.syncnet, samples, len(reading.lips)))

    def expected(self, reference: Path, driving: Path, frames: int, fps: float) -> ExpectedJoints | None:
        """Where joints should be if somebody else drives; None where people are not looked for or found."""
        if self.estimators is None:
            return None
        return expected_joints(self.estimators, reference, driving, frames, fps)

    def face(self, path: Path) -> Vector | None:
        """The vector of the face in a picture of this machine; None where none is seen or people are not.

        Raises:
            Rejected: it is no picture.
        """
        picture = read_still(path, max_pixels=REFERENCE_PIXELS)
        if self.estimators is None or self.embedder is None:
            return None
        return face_of(self.estimators, self.embedder, picture)


def sound_of(path: Path) -> NDArray[np.int16] | None:
    """The sound of a film at 16 kHz; None where it has none of a second."""
    try:
        with voice_of(path) as voice:
            return np.array(voice.samples)
    except Rejected:
        return None
