"""Cast to Samples: every clip gets its references, from all over the source where the same person is seen."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np

from pipeline.controls.person_frame import grown_to
from pipeline.controls.smoothing import Mask
from pipeline.geometry import Array, canvas_affine, wrap_angle
from pipeline.references.candidates import Candidates, candidates
from pipeline.references.half_body import half_body_crop, shows_half
from pipeline.references.poses import poses_apart, unlike
from schemas.arrow import content_of
from schemas.controls import Controlled, PersonClips
from schemas.outcome import Rejected
from schemas.sample import Reference, Sample, Why

WHOLES = 3
"""References that show the whole frame."""


@dataclass(frozen=True, kw_only=True)
class ReferenceSettings:
    """Which frames become references, and how the half-body crop is cut."""

    seen_score: float = 0.5
    """A joint counts as seen from this score on."""
    allow_no_face: bool = False
    """Keep a person whose face is measured in no frame of any clip: nothing tells where such a head looks."""
    min_spread_deg: float = 10.0
    """Where the yaw varies by less, frames far apart in time are taken instead of its extremes."""
    spread_by: Literal["yaw", "pose"] = "yaw"
    """What references differ in: yaw, as in the paper, or the whole pose by its joints."""
    outside_frames: int = 12
    """A frame this far outside the clip is preferred: what it shows is news to every training window."""
    outside_yaw_deg: float = 10.0
    """A preferred frame may miss the wanted yaw by this much."""
    half_body_yaw_deg: float = 30.0
    """The half-body crop shows a frame that faces the camera to within so much, where there is one."""
    half_body_margin: float = 0.1
    """The half-body crop reaches this share of its height beyond the hips and the crown."""
    max_upscale: float = 4.0
    """Most canvas px a source px may become in the half-body crop."""


class PickReferences:
    """Chooses the references of every clip of a cast (method.md 6). Gives one `Sample` a member.

    Candidates are the frames in which the person was looked at, in all clips of the cast. Of those that pass
    the gates (`Candidates.gated`) the ones of maximum, minimum and median yaw are taken, or those whose poses
    differ most. A frame at least
    `outside_frames` outside the clip is taken instead where it has nearly that yaw: it is news to every
    training window. Otherwise the clip's own frames serve: a clip is longer than most windows, and the times
    of references are stored, so a loader can tell which lie outside its window. Rejects: no_face,
    no_reference.
    """

    version: ClassVar[int] = 4

    def __init__(self, settings: ReferenceSettings) -> None:
        self.settings = settings

    def __call__(self, cast: PersonClips) -> Iterator[Sample]:
        """The samples of a cast, one a member, in its order.

        Raises:
            Rejected: no face is measured, or no look at the person can be a reference.
        """
        if not self.settings.allow_no_face:
            require_face(cast)
        looks = candidates(cast, self.settings.seen_score)
        pool, held = looks.gated()
        if len(pool) == 0:
            raise Rejected(
                "no_reference", f"of {len(looks)} looks at the person none has a measured face or body"
            )
        numbers = {"reference_candidates": float(len(pool)), "reference_gates": float(held)}
        for member in cast.members:
            numbers["face_distance"] = farthest_face(member, cast)
            scene = replace(member, quality={**member.quality, **numbers})
            chosen = references(cast, member, looks, pool, self.settings)
            content = content_of(cast.person, scene, chosen)
            yield Sample(key=member.key, person=cast.person, scene=scene, references=chosen, content=content)


def farthest_face(member: Controlled, cast: PersonClips) -> float:
    """Of the faces of a cast's clips, how far the farthest is from a member's; 0 where no other is known."""
    distances = [
        member.identity.distance[other.identity.place] for other in cast.members if other is not member
    ]
    return float(np.nanmax([0.0, *distances]))


def require_face(cast: PersonClips) -> None:
    """Returns where the person's face is measured in some clip.

    Raises:
        Rejected: no_face.
    """
    if not any(member.controls.face_valid.any() for member in cast.members):
        frames = sum(member.clip.num_frames for member in cast.members)
        raise Rejected("no_face", f"in all clips of the person, {frames} frames, no face is measured")


def references(
    cast: PersonClips, member: Controlled, looks: Candidates, pool: Candidates, settings: ReferenceSettings
) -> tuple[Reference, ...]:
    """The references of a clip: whole frames, the most frontal first, then a full body's half-body crop."""
    outside = beyond(member, pool, settings.outside_frames)
    crops = [view(at, member) for at in cast.members]
    wholes = whole_frames(pool, outside, crops, settings)
    if member.framing != "full":
        return wholes
    used = np.array([whole.source_frame for whole in wholes])
    fresh = [found.without(used) for found in (pool.where(outside), pool, looks.where(looks.measured))]
    return (*wholes, *half_body(cast, member, [*fresh, pool], settings))


def view(at: Controlled, member: Controlled) -> Array:
    """2x3 map from source px to a member's canvas that shows what another clip shows of its pictures.

    Where their windows differ, the other's is grown to the canvas's aspect.
    """
    clip, canvas = at.clip, (member.width, member.height)
    if clip.shown == member.clip.shown:
        return member.to_canvas
    x0, y0, x1, y1 = grown_to(clip.shown, canvas, (0, 0, clip.video.width, clip.video.height))
    return canvas_affine(x1 - x0, y1 - y0, canvas, (x0, y0))


def whole_frames(
    pool: Candidates, preferred: Mask, crops: Sequence[Array], settings: ReferenceSettings
) -> tuple[Reference, ...]:
    """Candidates of three yaws, or far apart in time where the yaw hardly varies, or of three poses.

    The most frontal comes first. `crops` are the maps to the canvas, one a member of the cast.
    """
    if settings.spread_by == "pose":
        apart = poses_apart(pool.joints, pool.seen)
        chosen: list[tuple[int, Why]] = [(i, "pose") for i in unlike(apart, preferred, pool.clear, WHOLES)]
    elif np.degrees(np.ptp(pool.yaw)) < settings.min_spread_deg:
        chosen = far_apart(pool, preferred)
    else:
        chosen = by_yaw(pool.yaw, preferred, np.radians(settings.outside_yaw_deg), pool.clear)
    wholes = [reference(pool, i, why, crops[pool.member[i]]) for i, why in chosen]
    wholes.sort(key=lambda whole: (abs(float(wrap_angle(whole.yaw))), whole.source_frame))
    return tuple(wholes)


def beyond(member: Controlled, pool: Candidates, frames: int) -> Mask:
    """Candidates at least this many frames before a clip's first or after its last."""
    first = member.clip.first_frame
    last = first + member.clip.num_frames - 1
    return (pool.source_frame <= first - frames) | (pool.source_frame >= last + frames)


def by_yaw(yaw: Array, preferred: Mask, tolerance: float, clear: Array) -> list[tuple[int, Why]]:
    """Places of the greatest, the least and the median yaw, which is held to the middle half between them."""
    rising = np.sort(yaw)
    quarter = (rising[-1] - rising[0]) / 4
    middle = np.clip(rising[(len(rising) - 1) // 2], rising[0] + quarter, rising[-1] - quarter)
    wanted: list[tuple[Why, float]] = [
        ("yaw_max", rising[-1]),
        ("yaw_min", rising[0]),
        ("yaw_median", middle),
    ]
    return nearest(yaw, wanted, preferred, tolerance, clear)


def far_apart(pool: Candidates, preferred: Mask) -> list[tuple[int, Why]]:
    """Candidates at the start, the end and the middle of the time that the pool covers."""
    time = pool.source_frame.astype(np.float64)
    wanted: list[tuple[Why, float]] = [("apart", t) for t in (time[0], time[-1], (time[0] + time[-1]) / 2)]
    return nearest(time, wanted, preferred, np.inf, np.zeros(len(time)))


def nearest(
    values: Array, wanted: list[tuple[Why, float]], preferred: Mask, tolerance: float, clear: Array
) -> list[tuple[int, Why]]:
    """For each wanted value another index, as long as there are any.

    Of the preferred ones within `tolerance` the clearest, else of all within it, else the nearest; of equals
    the nearest, then the first.
    """
    chosen: list[tuple[int, Why]] = []
    free = np.ones(len(values), np.bool_)
    for why, value in wanted[: len(values)]:
        miss = np.where(free, np.abs(values - value), np.inf)
        near = free & (miss <= tolerance)
        eligible = near & preferred if (near & preferred).any() else near if near.any() else free
        best = eligible & (clear >= clear[eligible].max()) if near.any() else eligible
        index = int(np.argmin(np.where(best, miss, np.inf)))
        free[index] = False
        chosen.append((index, why))
    return chosen


def reference(pool: Candidates, index: int, why: Why, crop: Array) -> Reference:
    """A candidate as a reference."""
    return Reference(
        source_frame=int(pool.source_frame[index]),
        why=why,
        yaw=float(pool.yaw[index]),
        similarity=float(pool.similarity[index]),
        sharpness=float(pool.sharpness[index]),
        visible=float(pool.visible[index]),
        crop=crop,
    )


def half_body(
    cast: PersonClips, member: Controlled, pools: Iterable[Candidates], settings: ReferenceSettings
) -> tuple[Reference, ...]:
    """A frame that shows a half body, cut to it.

    It faces the camera, if any does, and comes from the first pool that has such a one: a back tells nothing
    of a face. Among those of a pool it is drawn by the clip's key, as the paper draws at random.
    """
    most = np.radians(settings.half_body_yaw_deg)
    found = [half for pool in pools if len(half := halves(cast, pool, settings.seen_score))]
    if not found:
        return ()
    pool = next((half for half in found if away(half).min() <= most), found[0])
    pool = pool.where(away(pool) <= max(most, float(away(pool).min())))
    draw = int.from_bytes(hashlib.sha256(member.key.encode()).digest()[:8], "big") % len(pool)
    at, frame = cast.members[pool.member[draw]], int(pool.frame[draw])
    canvas = (member.width, member.height)
    crop = half_body_crop(at, frame, canvas, settings.half_body_margin, settings.max_upscale)
    return (reference(pool, draw, "half_body", crop),)


def halves(cast: PersonClips, pool: Candidates, seen_score: float) -> Candidates:
    """The candidates that can be cut to a half body."""
    places = zip(pool.member, pool.frame, strict=True)
    return pool.where(np.array([shows_half(cast.members[m], t, seen_score) for m, t in places], np.bool_))


def away(pool: Candidates) -> Array:
    """How far from the camera each looks, rad, 0 to pi."""
    return np.abs(wrap_angle(pool.yaw))
