"""Tracked to Tracked: a clip as it was estimated, cut to the stretches that show one person."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar, TypeVar

import numpy as np

from pipeline.stretches import RULE, OnePersonSettings, large_stretches
from schemas.arrays import taken
from schemas.media import MIN_CLIP_FRAMES, clip_key
from schemas.outcome import Rejected
from schemas.tracks import UNTOLD, FaceDistances, PictureTrack, Tracked

T = TypeVar("T")


class OnePerson:
    """Cuts a clip to stretches of one person; no picture is looked at for it.

    Gives one `Tracked` for each stretch of at least 25 frames in which exactly one person is seen: the clip
    itself, or parts of it under keys of their own. Where faces were told, that was found with them. Rejects:
    nobody, several_people, person_too_small.
    """

    version: ClassVar[int] = RULE

    def __init__(self, settings: OnePersonSettings) -> None:
        self.settings = settings

    def __call__(self, whole: Tracked) -> Iterator[Tracked]:
        """The stretches of the clip that show one person.

        Raises:
            Rejected: no stretch does.
        """
        if not whole.identity:
            for run in large_stretches(whole.clip, whole.person, self.settings):
                yield stretch(whole, run)
            return
        stretches = [(slice(*face.frames), face) for face in whole.identity]
        long = [(run, face) for run, face in stretches if run.stop - run.start >= MIN_CLIP_FRAMES]
        if not long:
            raise Rejected("several_people", f"{len(stretches)} follow each other, none for a second")
        for run, face in long:
            yield stretch(whole, run, face)


def stretch(whole: Tracked, run: slice, face: FaceDistances = UNTOLD) -> Tracked:
    """The frames `run` of a clip, with their part of every track; no picture is looked at twice."""
    clip = whole.clip
    first, stop = clip.first_frame + run.start, clip.first_frame + run.stop
    part = replace(
        clip,
        key=clip_key(clip.video.key, first),
        first_frame=first,
        num_frames=stop - first,
        odd_frames=tuple(frame for frame in clip.odd_frames if first <= frame < stop),
    )
    fresh, looks = whole.pictures.fresh, whole.appearance
    shown = (looks.frames >= run.start) & (looks.frames < run.stop)
    shown[1:] &= np.diff(np.cumsum(fresh)[looks.frames]) > 0
    return Tracked(
        key=part.key,
        clip=part,
        pictures=PictureTrack(fresh=fresh[run].copy()),
        person=cut(whole.person, run),
        body=cut(whole.body, run),
        hands=cut(whole.hands, run),
        face=cut(whole.face, run),
        head=cut(whole.head, run),
        appearance=replace(taken(looks, shown), frames=looks.frames[shown] - np.int32(run.start)),
        identity=(face,),
        provenance=whole.provenance,
    )


def cut(track: T, run: slice) -> T:
    """The frames of a track in `run`: every array of a track has time first."""
    return taken(track, np.arange(run.start, run.stop))
