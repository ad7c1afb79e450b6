"""Tracks without what cannot be: one answer a picture, heads of one size, sides that stay, hands on arms."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pipeline.controls.body_and_hands import attached, exchanged
from pipeline.controls.faces import heads_that_fit
from pipeline.controls.sides import labelled
from pipeline.controls.smoothing import Frames, Mask, first_shown
from schemas.arrays import taken
from schemas.tracks import BodyTrack, HeadTrack, Tracked


def believed(tracked: Tracked, hand_reach: float) -> Tracked:
    """The tracks of a clip, with frames not valid in which they tell what cannot be.

    A picture that is shown again is told as at first; heads have one size (`faces`), sides are told over time
    (`sides`), and a hand is no further from its wrist than `hand_reach` times its box's side.
    """
    once = held(tracked, first_shown(tracked.pictures.fresh))
    fits = heads_that_fit(once.head, once.body)
    head = replace(once.head, valid=fits)
    body, swapped = sided(once.body, head)
    hands = exchanged(once.hands, swapped)
    certain = ~once.body.valid | body.valid  # where the arms' sides are not, the hands' are not either
    hands = replace(hands, score=hands.score * certain[:, None])
    return replace(
        once,
        body=body,
        hands=attached(hands, body, hand_reach),
        face=replace(once.face, valid=once.face.valid & (fits | ~once.head.valid)),
        head=head,
    )


def sided(body: BodyTrack, head: HeadTrack) -> tuple[BodyTrack, Mask]:
    """The body with its sides told over time, and in which frames they were exchanged.

    A body model is seen with its depth, front and back, and is taken at its word.
    """
    if body.rotations.shape[1]:
        return body, np.zeros_like(body.valid)
    return labelled(body, head)


def held(tracked: Tracked, shown: Frames) -> Tracked:
    """The tracks with what each frame tells taken from another: the first that shows its picture."""
    return replace(
        tracked,
        person=taken(tracked.person, shown),
        body=taken(tracked.body, shown),
        hands=taken(tracked.hands, shown),
        face=taken(tracked.face, shown),
        head=taken(tracked.head, shown),
    )
