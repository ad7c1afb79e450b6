"""Tracks without what cannot be: one answer a picture, heads of one size, sides that stay, hands on arms."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from pipeline.controls.body_and_hands import attached, exchanged
from pipeline.controls.faces import heads_that_fit
from pipeline.controls.sides import labelled
from pipeline.controls.smoothing import Frames, first_shown
from schemas.arrays import array_specs
from schemas.tracks import BodyTrack, FaceBoxTrack, HandTrack, HeadTrack, KeypointTrack, Tracked

T = TypeVar("T", KeypointTrack, BodyTrack, HandTrack, FaceBoxTrack, HeadTrack)


def believed(tracked: Tracked, hand_reach: float) -> Tracked:
    """The tracks of a clip, with frames not valid in which they tell what cannot be.

    A picture that is shown again is told as at first; heads have one size (`faces`), sides are told over time
    (`sides`), and a hand is no further from its wrist than `hand_reach` times its box's side.
    """
    once = held(tracked, first_shown(tracked.pictures.fresh))
    fits = heads_that_fit(once.head, once.body)
    head = replace(once.head, valid=fits)
    body, swapped = labelled(once.body, head)
    hands = exchanged(once.hands, swapped)
    result = ~once.body.valid | body.valid  # where the arms' sides are not, the hands' are not either
    hands = replace(hands, score=hands.score * result[:, None])
    return replace(
        once,
        body=body,
        hands=attached(hands, body, hand_reach),
        face=replace(once.face, valid=once.face.valid & (fits | ~once.head.valid)),
        head=head,
    )


def held(tracked: Tracked, shown: Frames) -> Tracked:
    """The tracks with what each frame tells taken from another: the first that shows its picture."""
    return replace(
        tracked,
        person=rows(tracked.person, shown),
        body=rows(tracked.body, shown),
        hands=rows(tracked.hands, shown),
        face=rows(tracked.face, shown),
        head=rows(tracked.head, shown),
    )


def rows(track: T, frames: Frames) -> T:
    """A track's frames of these numbers."""
    return replace(track, **{name: getattr(track, name)[frames] for name in array_specs(type(track))})
