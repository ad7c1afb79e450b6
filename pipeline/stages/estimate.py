"""Clip to Tracked: one decode, in windows, past all estimators; then the stretches that show one person."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar, TypeVar

import numpy as np
from numpy.typing import NDArray

from media.ahead import ahead
from media.decode import decode
from pipeline.geometry import box_iou, unit
from pipeline.references.looks import fresh
from pipeline.shots.combs import comb_ratios, combed
from pipeline.stages.clip_tracks import ClipTracks, ClipWork, Estimators
from schemas.arrays import taken
from schemas.media import MIN_CLIP_FRAMES, Clip, Frames, clip_key
from schemas.outcome import Rejected
from schemas.tracks import ROLES, Estimated, EstimatorCard, KeypointTrack, PictureTrack

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class EstimateSettings:
    """How clips are estimated, and which stretches of them are kept."""

    window_frames: int = 48
    """Most frames in memory at a time."""
    window_mib: int = 96
    """Most MiB of frames in memory at a time; large pictures get shorter windows."""
    max_other_area: float = 0.2
    """A frame shows several people where the largest other's box exceeds this share of the main one's."""
    max_gap_frames: int = 12
    """A stretch goes on across so many frames in which nobody, or another person too, is seen."""
    min_person_share: float = 0.02
    """The person's box covers at least this share of the picture, as the median over the stretch."""
    min_overlap: float = 0.05
    """The person's boxes in consecutive frames overlap by at least this (IoU); less is another person."""
    look_every_frames: int = 6
    """Appearance and sharpness are measured on every n-th frame."""


class Estimate:
    """Runs the estimators over a clip and cuts it to stretches of one person.

    Gives one `Estimated` for each stretch of at least 25 frames in which exactly one person is seen: the clip
    itself, or parts of it under keys of their own. Rejects: interlaced, nobody, several_people,
    person_too_small.
    """

    version: ClassVar[int] = 7

    def __init__(self, settings: EstimateSettings, estimators: Estimators) -> None:
        self.settings = settings
        self.estimators = estimators

    def __call__(self, clip: Clip) -> Iterator[Estimated]:
        """The stretches of the clip that show one person.

        Raises:
            Rejected: no stretch does.
        """
        work = self.begin()
        news, last, ratios = list[NDArray[np.bool_]](), None, list[float]()
        windows = decode(clip.video, clip.first_frame, clip.num_frames, window=self.window_of(clip))
        for frames in ahead(windows):
            self.look(work, frames)
            news.append(fresh(frames, last))
            last = frames[-1]
            ratios += comb_ratios(frames)
        if combed(ratios):
            raise Rejected("interlaced", f"combs in {len(ratios)} pictures that nothing marks as interlaced")
        whole = self.tell(work)
        stretches = one_person(whole.person, self.settings)
        if not stretches:
            raise nobody_alone(whole.person, self.settings)
        large = [
            run for run in stretches if self.share(clip, whole.person, run) >= self.settings.min_person_share
        ]
        if not large:
            share = max(self.share(clip, whole.person, run) for run in stretches)
            raise Rejected("person_too_small", f"the person covers {share:.1%} of the picture")
        provenance: dict[str, EstimatorCard] = {role: getattr(self.estimators, role).card for role in ROLES}
        for run in large:
            yield tracked(clip, whole, np.concatenate(news), run, provenance)

    def window_of(self, clip: Clip) -> int:
        """Frames of the clip that are in memory at a time."""
        frame_bytes = clip.video.width * clip.video.height * 3
        return max(1, min(self.settings.window_frames, self.settings.window_mib * 2**20 // frame_bytes))

    def begin(self) -> ClipWork:
        """The estimators at the beginning of a clip."""
        return ClipWork(self.estimators, self.settings.look_every_frames)

    def look(self, work: ClipWork, frames: Frames) -> None:
        """Show the estimators the next window of a clip."""
        work.see(frames)

    def tell(self, work: ClipWork) -> ClipTracks:
        """What the estimators say of a clip that they have seen."""
        return work.tracks()

    @staticmethod
    def share(clip: Clip, person: KeypointTrack, run: slice) -> float:
        """Median share of the picture that the person's box covers."""
        box = person.box[run][person.valid[run]]
        area = (box[:, 2] - box[:, 0]) * (box[:, 3] - box[:, 1])
        return float(np.median(area)) / (clip.video.width * clip.video.height)


def one_person(person: KeypointTrack, settings: EstimateSettings) -> list[slice]:
    """Stretches of at least 25 frames with one person in them, the same one throughout."""
    alone = close_gaps(person.valid & (person.others <= settings.max_other_area), settings.max_gap_frames)
    breaks = changes(person, settings.min_overlap)
    runs: list[slice] = []
    start: int | None = None
    for t in range(len(alone) + 1):
        ends = t == len(alone) or not alone[t] or t in breaks
        if ends and start is not None:
            runs.append(slice(start, t))
            start = None
        if t < len(alone) and alone[t] and start is None:
            start = t
    return [run for run in runs if run.stop - run.start >= MIN_CLIP_FRAMES]


def close_gaps(mask: NDArray[np.bool_], longest: int) -> NDArray[np.bool_]:
    """`mask` with inner gaps of at most `longest` filled."""
    closed = mask.copy()
    known = np.flatnonzero(mask)
    for before, after in itertools.pairwise(known):
        if after - before - 1 <= longest:
            closed[before:after] = True
    return closed


def changes(person: KeypointTrack, min_overlap: float) -> set[int]:
    """Frames at which the main person is suddenly somewhere else."""
    known = np.flatnonzero(person.valid)
    return {
        int(after)
        for before, after in itertools.pairwise(known)
        if after - before == 1 and box_iou(person.box[before], person.box[after]) < min_overlap
    }


def nobody_alone(person: KeypointTrack, settings: EstimateSettings) -> Rejected:
    """Why no stretch of a clip shows exactly one person."""
    crowded = person.valid & (person.others > settings.max_other_area)
    seen, crowd = float(person.valid.mean()), float(crowded.mean())
    if crowd > seen - crowd:
        return Rejected("several_people", f"others are seen in {crowd:.0%} of the frames")
    return Rejected("nobody", f"one person is seen in {seen - crowd:.0%} of the frames, never for a second")


def tracked(
    clip: Clip,
    whole: ClipTracks,
    news: NDArray[np.bool_],
    run: slice,
    provenance: dict[str, EstimatorCard],
) -> Estimated:
    """The stretch `run` of a clip, with its part of every track; no picture is looked at twice.

    `news` are the frames of the clip that show another picture than the one before.
    """
    first = clip.first_frame + run.start
    stop = clip.first_frame + run.stop
    part = replace(
        clip,
        key=clip_key(clip.video.key, first),
        first_frame=first,
        num_frames=stop - first,
        odd_frames=tuple(frame for frame in clip.odd_frames if first <= frame < stop),
    )
    looks = whole.appearance
    shown = (looks.frames >= run.start) & (looks.frames < run.stop)
    shown[1:] &= np.diff(np.cumsum(news)[looks.frames]) > 0
    faces = whole.identity.vectors[run].sum(axis=0, dtype=np.float64)
    return Estimated(
        key=part.key,
        clip=part,
        pictures=PictureTrack(fresh=news[run].copy()),
        person=cut(whole.person, run),
        body=cut(whole.body, run),
        hands=cut(whole.hands, run),
        face=cut(whole.face, run),
        head=cut(whole.head, run),
        appearance=replace(taken(looks, shown), frames=looks.frames[shown] - np.int32(run.start)),
        face_vector=unit(faces).astype(np.float32),
        provenance=provenance,
    )


def cut(track: T, run: slice) -> T:
    """The frames of a track in `run`: every array of a track has time first."""
    return taken(track, np.arange(run.start, run.stop))


def model_seconds(stage: Estimate, clock: Callable[[], float]) -> Callable[[], float]:
    """Times the calls of the estimators: the rest of the stage is decoding and bookkeeping."""
    spent_s = 0.0

    def timed(call: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any) -> Any:
            nonlocal spent_s
            began = clock()
            result = call(*args)
            spent_s += clock() - began
            return result

        return run

    stage.look, stage.tell = timed(stage.look), timed(stage.tell)  # type: ignore[method-assign]
    return lambda: spent_s
