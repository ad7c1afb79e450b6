"""The frames of a cast that may become references, and the gates that they pass (method.md 6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from pipeline.controls.smoothing import Mask
from pipeline.geometry import Array, circular_median, in_picture, unit, wrap_angle
from schemas.controls import Controlled, PersonClips
from schemas.tracks import Appearance

LIKE_YAW = np.radians(45.0)
"""Frames whose yaws differ by no more show the same side."""

BLUR = 0.25
"""Below this share of the clip's median sharpness a frame is blurred, whatever it shows."""

EVEN_TURN = np.radians(75.0)
"""Mean distance from the circular median above which yaws go all around; evenly spread, it is 90 degrees."""

Whole = NDArray[np.int64]
LEAST_LIKE = 10.0
"""Percentile of the similarities below which a frame may show someone else: a tracker's jump."""

BLUR_OF_PART = 0.5
"""Below this share of the clip's usual sharpness a face or a hand is blurred."""

BLINK = 0.6
"""Below this share of the clip's usual opening eyes are closing."""

ROUNDING = 1e-6
"""Similarities of equal pictures may differ by this."""


@dataclass(frozen=True)
class Candidates:
    """Frames in which the person was looked at, in the order of the source's time; arrays (n,)."""

    member: Whole  # index into the cast
    frame: Whole  # of the member's clip
    source_frame: Whole
    yaw: Array  # rad, on one branch for the whole cast
    sharpness: Array
    similarity: Array  # to the person's mean, -1..1
    visible: Array  # share of the joints that are in the picture and seen
    measured: Mask  # a face or a body was measured, not filled in
    sharp: Mask  # no less sharp than the clip's median for this view
    unclipped: Mask  # no more joints outside the picture than in the clip's median
    well: Mask  # face and hands are sharp for the clip, and eyes open, as far as they are seen
    clear: Array  # sharpness of the face, elsewhere of the person, over the clip's median
    joints: Array  # (n, 16, 2), px of the canvas
    seen: Mask  # (n, 16): joints that are in the picture and seen

    def __len__(self) -> int:
        return len(self.member)

    def where(self, chosen: Mask | Whole) -> Candidates:
        """Some of the candidates: by a mask, or by their places."""
        return Candidates(*(getattr(self, field.name)[chosen] for field in fields(self)))

    def without(self, source_frames: Whole) -> Candidates:
        """The candidates but for those of these frames."""
        return self.where(~np.isin(self.source_frame, source_frames))

    def gated(self) -> tuple[Candidates, int]:
        """The candidates that pass the gates, and how many gates held: 4, or fewer where too little was left.

        Frames that are not measured never pass. The gates open in a fixed order until two are left, wherever
        there are two: first that of face, eyes and hands, then sharpness, then clipping, then similarity,
        which must reach the tenth percentile.
        """
        if not self.measured.any():
            return self.where(self.measured), 0
        similar = self.similarity >= np.percentile(self.similarity[self.measured], LEAST_LIKE) - ROUNDING
        gates = [similar, self.unclipped, self.sharp, self.well]
        left = [np.all([self.measured, *gates[:n]], axis=0).sum() for n in range(len(gates) + 1)]
        held = max(n for n, many in enumerate(left) if many >= min(2, left[0]))
        return self.where(np.all([self.measured, *gates[:held]], axis=0)), held


def candidates(cast: PersonClips, seen_score: float) -> Candidates:
    """All frames of a cast in which the person was looked at, measured or not."""
    looks = [member.appearance.vectors.sum(axis=0, dtype=np.float64) for member in cast.members]
    mean = unit(np.sum(looks, axis=0))
    yaws = on_one_branch([member.controls.body_yaw.astype(np.float64) for member in cast.members])
    parts = [of_member(i, cast.members[i], yaw, mean, seen_score) for i, yaw in enumerate(yaws)]
    found = Candidates(
        *(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Candidates))
    )
    return found.where(np.argsort(found.source_frame, kind="stable"))


def of_member(index: int, member: Controlled, yaw: Array, mean: Array, seen_score: float) -> Candidates:
    """The frames of one clip in which the person was looked at."""
    looks, controls = member.appearance, member.controls
    frames = looks.frames.astype(np.int64)
    inside = in_picture(controls.joints2d[frames], member.width, member.height)
    clipped = np.mean(~inside, axis=1)
    seen = inside & (controls.joints_score[frames] >= seen_score)
    return Candidates(
        member=np.full(len(frames), index),
        frame=frames,
        source_frame=frames + member.clip.first_frame,
        yaw=yaw[frames],
        sharpness=looks.sharpness.astype(np.float64),
        similarity=np.einsum("nd,d->n", looks.vectors.astype(np.float64), mean),
        visible=np.mean(seen, axis=1),
        measured=controls.body_valid[frames] | controls.face_valid[frames],
        sharp=sharp_for_the_view(looks.sharpness.astype(np.float64), yaw[frames]),
        unclipped=at_least_median(-clipped),
        well=seen_well(looks),
        clear=clearness(looks),
        joints=controls.joints2d[frames].astype(np.float64),
        seen=seen,
    )


def seen_well(looks: Appearance) -> Mask:
    """Looks in which face, hands and open eyes are at least a share of the usual ones, as far as seen."""
    wanted = (
        (looks.face_sharpness, BLUR_OF_PART),
        (looks.hand_sharpness, BLUR_OF_PART),
        (looks.eyes_open, BLINK),
    )
    passes = [(values == 0) | (values >= share * usual(values)) for values, share in wanted]
    return np.asarray(np.all(passes, axis=0))


def clearness(looks: Appearance) -> Array:
    """Sharpness of the face where it is seen, of the person elsewhere, over what is usual for the clip."""
    faces, people = (values / max(usual(values), 1e-6) for values in (looks.face_sharpness, looks.sharpness))
    return np.where(looks.face_sharpness > 0, faces, people).astype(np.float64)


def usual(values: NDArray[np.floating]) -> float:
    """Median of the values that are not 0; 0 where all are."""
    nonzero = values[values > 0]
    return float(np.median(nonzero)) if len(nonzero) else 0.0


def at_least_median(values: NDArray[np.floating]) -> Mask:
    """Which values (n,) are no less than the median; none of none."""
    return np.asarray(values >= np.median(values)) if len(values) else np.zeros(0, np.bool_)


def sharp_for_the_view(sharpness: Array, yaw: Array) -> Mask:
    """Which frames are as sharp as the median of the clip's frames of like yaw, and not blurred for the clip.

    Fine detail depends on the side that is seen: of a woman in a plain dress who turns round, every back view
    has half the median sharpness of her clip or less. The clip's median alone would leave no such frame.
    """
    like = np.abs(wrap_angle(yaw[:, None] - yaw)) <= LIKE_YAW
    needed = [max(np.median(sharpness[row]), BLUR * np.median(sharpness)) for row in like]
    return np.asarray(sharpness >= np.array(needed))


def on_one_branch(yaws: Sequence[Array]) -> list[Array]:
    """Unwrapped yaws of several clips, brought to one branch: within half a turn of their circular median.

    So a person who mostly faces one way and turns round once shows other sides at the extremes, not the same
    side again. A person who turns evenly through most of the circle faces no such way: then clips stay
    unwrapped, and each is moved by whole turns to where its median is nearest the first one's.
    """
    center, away = circular_median(np.concatenate(yaws))
    if away <= EVEN_TURN:
        return [center + wrap_angle(yaw - center) for yaw in yaws]
    middles = np.array([np.median(yaw) for yaw in yaws])
    turns = middles[0] + wrap_angle(middles - middles[0]) - middles
    return [yaw + turn for yaw, turn in zip(yaws, turns, strict=True)]
