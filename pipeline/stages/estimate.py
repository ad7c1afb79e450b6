"""Clip to Tracked: one decode, in windows, past all estimators whose answers are not known."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from media.ahead import ahead
from media.decode import decode
from pipeline.geometry import unit
from pipeline.references.looks import fresh
from pipeline.shots.combs import comb_ratios, combed
from pipeline.stages.clip_tracks import ClipWork, Estimators
from pipeline.stretches import OnePersonSettings, large_stretches, of_one_face
from schemas.media import Clip, Frames
from schemas.outcome import Rejected
from schemas.tracks import ROLES, Embeddings, Estimated, KeypointTrack, PictureTrack, Role

WINDOW_MIB = 96
"""Most of a window of frames in memory. It is a rule and no setting: what estimators say of a person depends
on how much of the clip they see at a time."""


@dataclass(frozen=True, kw_only=True)
class EstimateSettings:
    """How clips are estimated."""

    window_frames: int = 48
    """Frames that estimators are shown at a time, and judge together; of large pictures fewer."""
    look_every_frames: int = 6
    """Appearance and sharpness are measured on every n-th frame."""


class Estimate:
    """Runs the estimators over a clip.

    The track of each role is a facet: where some are known, the clip is decoded for the others alone. Who is
    seen is told for each stretch of one person. Rejects: interlaced.
    """

    version: ClassVar[int] = 7

    def __init__(
        self,
        settings: EstimateSettings,
        estimators: Estimators,
        one_person: OnePersonSettings = OnePersonSettings(),  # noqa: B008  it is frozen
    ) -> None:
        self.settings = settings
        self.estimators = estimators
        self.one_person = one_person
        self.call: Callable[..., Any] = asked

    def __call__(self, clip: Clip, /, **known: Any) -> Iterator[Estimated]:
        """The whole clip, and what the estimators say of it; `known` are fields that they have said."""
        estimated = {} if all(role in known for role in ROLES) else self.looked(clip, known)
        faces = estimated.pop("identity", None)
        whole: dict[str, Any] = known | estimated | {"key": clip.key, "clip": clip}
        runs: list[slice] = []
        vectors = np.zeros((0, 0), np.float32)
        if faces is not None:
            runs = self.runs_of(clip, whole["person"], faces)
            vectors = faces_of(runs, faces)
        frames = np.array([(run.start, run.stop) for run in runs], np.int32).reshape(-1, 2)
        yield Estimated(**whole, face_vectors=vectors, face_frames=frames)

    def runs_of(self, clip: Clip, person: KeypointTrack, faces: Embeddings) -> list[slice]:
        """The stretches of one person, and of one face, however short the face makes them."""
        try:
            runs = large_stretches(clip, person, self.one_person)
        except Rejected:
            return []
        most = self.one_person.max_face_change
        return [part for run in runs for part in of_one_face(faces.vectors, run, most)]

    def looked(self, clip: Clip, known: Mapping[str, Any]) -> dict[str, Any]:
        """What one decode gives: the tracks that are not known, which pictures are seen, and who spoke.

        Raises:
            Rejected: "interlaced".
        """
        work = self.begin(known)
        news, last, ratios = list[NDArray[np.bool_]](), None, list[float]()
        windows = decode(clip.video, clip.first_frame, clip.num_frames, window=self.window_of(clip))
        for frames in ahead(windows):
            self.estimate_window(work, frames)
            news.append(fresh(frames, last))
            last = frames[-1]
            ratios += comb_ratios(frames)
        if combed(ratios):
            raise Rejected("interlaced", f"combs in {len(ratios)} pictures that nothing marks as interlaced")
        tracks = self.tell(work)
        cards = {role: getattr(self.estimators, role).card for role in tracks}
        pictures = PictureTrack(fresh=np.concatenate(news))
        estimated: dict[str, Any] = {"pictures": pictures, "provenance": known.get("provenance", {}) | cards}
        return estimated | {str(role): track for role, track in tracks.items()}

    def window_of(self, clip: Clip) -> int:
        """Frames of the clip that are looked at together: as many as memory is reserved for."""
        frame_bytes = clip.video.width * clip.video.height * 3
        return max(1, min(self.settings.window_frames, WINDOW_MIB * 2**20 // frame_bytes))

    def begin(self, known: Mapping[str, Any]) -> ClipWork:
        """The estimators at the beginning of a clip of which some tracks are known."""
        tracks = {role: known[role] for role in ROLES if role in known}
        return ClipWork(self.estimators, self.settings.look_every_frames, tracks, self.call)

    def estimate_window(self, work: ClipWork, frames: Frames) -> None:
        """Show the estimators the next window of a clip."""
        work.see(frames)

    def tell(self, work: ClipWork) -> dict[Role, Any]:
        """What the estimators say of a clip that they have seen."""
        return work.tracks()


def faces_of(runs: Sequence[slice], faces: Embeddings) -> NDArray[np.float32]:
    """Of each stretch (k, d) the mean of its face's vectors, of unit length; 0 without."""
    means = [unit(faces.vectors[run].sum(axis=0, dtype=np.float64)) for run in runs]
    return np.reshape(means, (len(runs), faces.vectors.shape[1])).astype(np.float32)


def asked(_: Role, call: Callable[..., Any], *given: Any) -> Any:
    """What an estimator says; `model_seconds` times it."""
    return call(*given)


def model_seconds(stage: Estimate, clock: Callable[[], float]) -> Callable[[], Mapping[str, float]]:
    """Times the calls of the estimators, by role: the rest of the stage is decoding and bookkeeping."""
    spent_s: dict[str, float] = {}

    def timed(role: Role, call: Callable[..., Any], *given: Any) -> Any:
        began = clock()
        result = call(*given)
        spent_s[role] = spent_s.get(role, 0.0) + clock() - began
        return result

    stage.call = timed
    return lambda: spent_s
