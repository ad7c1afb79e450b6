"""Tracked to Controlled: tracks become the control signals on the clip's canvas, smoothed, without holes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal

import numpy as np

from pipeline.controls.believed import believed
from pipeline.controls.body_and_hands import WRISTS, on_canvas
from pipeline.controls.calibrated import calibrated
from pipeline.controls.faces import face_windows
from pipeline.controls.fusion import drawn_from, fused
from pipeline.controls.head_sphere import Carrier, Spheres, with_body
from pipeline.controls.in_view import head_in_view
from pipeline.controls.person_frame import SHAPES, person_window, whole_track
from pipeline.controls.quality import quality
from pipeline.controls.smoothing import Mask, SmoothingSettings, fill, first_shown
from pipeline.estimators.flex import LAG_FRAMES
from pipeline.geometry import (
    NEAR,
    Array,
    apply_affine,
    body_yaw,
    canvas_affine,
    canvas_size,
    grow_box,
    head_angles,
    in_picture,
    principal_point,
    square_box,
)
from schemas.controls import CANVAS_AREA, Controlled, Controls, Framing
from schemas.joints import J
from schemas.media import Clip
from schemas.outcome import Rejected
from schemas.smplx import SmplxPose
from schemas.tracks import UNTOLD, FaceBoxTrack, Tracked

MOVED = 0.1
"""Widths of a face that it moves or grows by in half a second, at least, for a still one to be told."""

HIPS, ANKLES, ELBOWS = ([J[f"left_{name}"], J[f"right_{name}"]] for name in ("hip", "ankle", "elbow"))


@dataclass(frozen=True, kw_only=True)
class ControlSettings:
    """How tracks become controls, and which clips are unfit."""

    canvas_area: int = CANVAS_AREA
    """Most px of a canvas."""
    max_aspect_miss: float = NEAR
    """A canvas's aspect may miss that of the pictures by this share, where none of the area comes nearer."""
    frame: Literal["source", "person"] = "source"
    """What a canvas shows: all of the pictures, or a window that holds the person throughout the clip."""
    person_margin: float = 0.1
    """Between the person and the window's sides lies this share of the person's longer side."""
    max_person_upscale: float = 2.0
    """A window is no smaller than that one of its px becomes so many of the canvas, along each side."""
    smoothing: SmoothingSettings = field(default_factory=SmoothingSettings)
    max_gap_frames: int = 8
    """Gaps of the body, the hands and the head up to this are bridged."""
    max_face_gap_frames: int = 5
    """Gaps of the face window up to this are bridged."""
    face_area: float = 1.3
    """The landmarks' box grows to this many times its area before it is made square."""
    face_above: float = 0.75
    """Share of the vertical growth that goes above the face."""
    hand_reach: float = 0.5
    """A hand whose wrist is further from the body's than this share of the hand box's side is dropped."""
    seen_score: float = 0.5
    """A joint counts as seen from this score on."""
    framing_share: float = 0.5
    """Joints seen in this share of the frames make a clip `half` or `full`."""
    min_person_share: float = 0.5
    """A face or a body must be measured in this share of the frames."""
    min_flex: float = 0.035
    """A face whose shape changes by less in nine tenths of all half seconds, while it moves in the picture,
    is a picture or a statue. Statues and paintings had up to 0.031, people 0.042 and more; 0 keeps all."""
    min_head_share: float = 0.5
    """A head must be in the picture in this share of the frames, be it from behind."""


class Control:
    """Puts a clip's tracks on its canvas. Gives one `Controlled`.

    Rejects: no_person, no_head, no_canvas, still_face.
    """

    version: ClassVar[int] = 6

    def __init__(self, settings: ControlSettings) -> None:
        self.settings = settings

    def __call__(self, tracked: Tracked) -> Iterator[Controlled]:
        """The clip with its controls.

        Raises:
            Rejected: the person or the head is missing in too many frames, or the face never changes.
        """
        settings = self.settings
        result = believed(calibrated(tracked), settings.hand_reach)
        require_person(result, settings)
        require_life(tracked.face, settings.min_flex)
        clip, canvas = framed(result, settings)
        affine = canvas_affine(*clip.size, canvas, clip.corner)
        framing = framing_of(tracked, settings)
        controls, smplx = controls_of(result, affine, framing, settings)
        yield Controlled(
            key=tracked.key,
            clip=clip,
            width=canvas[0],
            height=canvas[1],
            to_canvas=affine,
            framing=framing,
            controls=controls,
            smplx=smplx,
            appearance=tracked.appearance,
            identity=tracked.identity[0] if tracked.identity else UNTOLD,
            quality=quality(result, tracked.hands, controls, canvas, settings.seen_score),
            provenance={**tracked.provenance, "smoothing": settings.smoothing.card},
        )


def framed(tracked: Tracked, settings: ControlSettings) -> tuple[Clip, tuple[int, int]]:
    """A clip with the window of its pictures that is shown, and the size of the canvas that shows it.

    A person that no window of `SHAPES` holds has the whole pictures.

    Raises:
        Rejected: no_canvas.
    """
    clip = tracked.clip
    track = whole_track(tracked) if settings.frame == "person" else None
    if track is not None:
        area = settings.canvas_area
        canvases = [size for shape in SHAPES if (size := canvas_or_none(*shape, settings))]
        least_px = area / max(settings.max_person_upscale, 1.0) ** 2
        found = person_window(track, clip.shown, canvases, settings.person_margin, least_px)
        if found is not None:
            return replace(clip, window=found[0]), found[1]
    return clip, canvas_of(clip, settings)


def canvas_or_none(width: int, height: int, settings: ControlSettings) -> tuple[int, int] | None:
    """Width and height of the canvas of pictures of this shape; None where the area has none."""
    try:
        return canvas_size(width, height, settings.canvas_area, settings.max_aspect_miss)
    except ValueError:
        return None


def canvas_of(clip: Clip, settings: ControlSettings) -> tuple[int, int]:
    """Width and height of a clip's canvas.

    Raises:
        Rejected: no_canvas.
    """
    try:
        return canvas_size(*clip.size, settings.canvas_area, settings.max_aspect_miss)
    except ValueError as error:
        raise Rejected("no_canvas", str(error)) from error


def require_person(tracked: Tracked, settings: ControlSettings) -> None:
    """Returns where a person with a head is there for long enough; seen from behind will do.

    Raises:
        Rejected: no_person, no_head.
    """
    measured = float(np.mean(tracked.body.valid | tracked.face.valid))
    if measured < settings.min_person_share:
        raise Rejected("no_person", f"a face or a body is measured in {measured:.0%} of the frames")
    headed = float(np.mean(head_in_view(tracked)))
    if headed < settings.min_head_share:
        raise Rejected("no_head", f"a head is in the picture in {headed:.0%} of the frames")


def require_life(face: FaceBoxTrack, min_flex: float) -> None:
    """Returns where a face changes its shape, stays where it is, or is not measured for half a second.

    Raises:
        Rejected: still_face.
    """
    known = np.flatnonzero(face.flex)
    if len(known) < LAG_FRAMES:
        return
    change = float(np.quantile(face.flex[known], 0.9))
    shift = np.abs(face.box[known] - face.box[known - LAG_FRAMES]).max(axis=1)
    moved = float(np.max(shift / (face.box[known, 2] - face.box[known, 0])))
    if change < min_flex and moved > MOVED:
        raise Rejected("still_face", f"the shape of the face changes by {change:.1%}, where it moves")


def framing_of(tracked: Tracked, settings: ControlSettings) -> Framing:
    """How much of the person the clip shows.

    `full`: both hips and both ankles are seen together in the picture in enough frames; `half`: both hips
    are, or of both arms an elbow, a wrist or a hand; `portrait`: else, a clip without a measured body too.
    """
    body, video = tracked.body, tracked.clip.video
    seen = (body.score >= settings.seen_score) & body.valid[:, None]
    seen &= in_picture(body.joints2d, video.width, video.height)
    arms = seen[:, ELBOWS] | seen[:, WRISTS] | (tracked.hands.score > 0)

    def often(shown: Mask) -> bool:
        return bool(np.mean(shown.all(axis=1)) >= settings.framing_share)

    if often(seen[:, HIPS + ANKLES]):
        return "full"
    return "half" if often(seen[:, HIPS]) or often(arms) else "portrait"


def controls_of(
    tracked: Tracked, affine: Array, framing: Framing, settings: ControlSettings
) -> tuple[Controls, SmplxPose | None]:
    """The controls of a clip on its canvas, and its body model's pose where there is one.

    The yaw is the torso's, in a portrait the head's.
    """
    gap, sigma = settings.max_gap_frames, settings.smoothing
    shown = first_shown(tracked.pictures.fresh)
    body, hands = on_canvas(tracked.body, tracked.hands, affine, gap, sigma, shown)
    focal_px = tracked.body.focal_px * affine[0, 0]
    whole = fused(tracked.body, tracked.hands, gap, sigma, shown)
    if whole is not None:
        middle = apply_affine(affine, principal_point(tracked.clip.video.width, tracked.clip.video.height))
        body, hands = drawn_from(whole, body, hands, focal_px, middle)
    carrier = Carrier.of(body.joints3d, middles_of_ears(tracked, affine, gap), body.known, shown)
    head = with_body(Spheres.measured(tracked.head, affine), carrier, focal_px).finished(
        gap, sigma.head, shown
    )
    grown = square_box(grow_box(tracked.face.box, settings.face_area, settings.face_above))
    window = face_windows(grown, tracked.face.valid, settings.max_face_gap_frames, sigma.face_window, shown)
    yaw = head_angles(head.rotation)[0] if framing == "portrait" else body_yaw(body.joints3d)
    controls = Controls(
        **body.arrays(),
        **hands.arrays(),
        head_rotation=head.rotation.astype(np.float32),
        head_center=head.center.astype(np.float32),
        head_radius=head.radius.astype(np.float32),
        head_valid=tracked.head.valid,
        face_valid=tracked.face.valid,
        body_valid=tracked.body.valid,
        face_box=window.astype(np.float32),
        body_yaw=np.unwrap(yaw).astype(np.float32),
        camera_focal=np.asarray(focal_px, np.float32),
    )
    return controls, whole.pose if whole is not None else None


def middles_of_ears(tracked: Tracked, affine: Array, max_gap: int) -> Array:
    """Where the middle between the ears is (t, 2), canvas px, be it seen or hidden; without holes."""
    person = tracked.person
    middle = (person.head_box[:, :2] + person.head_box[:, 2:]) / 2
    return fill(apply_affine(affine, middle), person.valid, max_gap)[0]
