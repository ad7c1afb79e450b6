"""Takes as videos of a corpus: on the 24 fps clock, cut to portraits, in colours that all cameras share.

A picture has 7 MP and a take 8 000 of them, so only those that are shown at 24 fps are cut, shrunk and then
corrected. All cameras of a take show the same moments: which ones is told by time stamps, and those have to
be the frontal camera's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from media.clock import TOLERANCE_S, num_ticks
from media.content import sha256_of_file, state_of
from media.decode import decode
from media.encode import VideoSettings, video_writer
from media.probe import probe
from media.resample import resample
from media.stills import MOST_PIXELS, read_still
from pipeline.corpora.nersemble.calibration import PlacedCamera, angle_deg, looked_at, read_cameras
from pipeline.corpora.nersemble.colour import ColourMatrix, colour_matrix
from pipeline.corpora.nersemble.layout import FPS, FRONTAL, MultiViewTake
from pipeline.corpora.nersemble.views import PortraitCut, part_of, portrait
from schemas.controls import CANVAS_AREA
from schemas.media import FPS as CLOCK_FPS
from schemas.media import Frames, Probed, Source
from schemas.origin import Origin
from schemas.outcome import Reject, Rejected

LICENCE = "NeRSemble-NC"
"""Academic and non-commercial use alone, by the form that one signs to be given the data."""
STEP = "prepare"
AT_ONCE = 4
"""Pictures of 7 MP in memory at a time."""


@dataclass(frozen=True, kw_only=True)
class PrepareSettings:
    """How takes become videos."""

    area: int = 2 * CANVAS_AREA
    """Most px of a portrait; half as many are the canvas of a sample."""
    widest_deg: float = 45.0
    """Cameras that look at the head by more than this aside of the frontal one only tell looks."""
    crf: int = 12
    """Quality of the videos, which are encoded once more when they become samples."""


@dataclass(frozen=True, kw_only=True)
class PreparedView:
    """A camera of a take, ready to be curated."""

    uri: str  # of its video, below the folder
    origin: Origin


def prepared(take: MultiViewTake, out: Path, settings: PrepareSettings) -> Iterator[PreparedView | Reject]:
    """Each camera that the take is calibrated for: its video below `out`, or why there is none.

    Rejects: missing, wrong_camera, out_of_step, wrong_colours, and what `media.probe` and `media.decode` say.
    A take without its calibration, its frontal camera or that one's pictures is one reject.
    """
    try:
        cameras = calibrated(take)
        clock = moments(take, FRONTAL)
        head = looked_at(list(cameras.values()))
    except Rejected as no:
        yield rejected(take, "", no)
        return
    for serial, camera in cameras.items():
        try:
            yield view_of(take, serial, camera, cameras[FRONTAL], head, clock, out, settings)
        except Rejected as no:
            yield rejected(take, serial, no)


def rejected(take: MultiViewTake, serial: str, no: Rejected) -> Reject:
    """A camera that is left out, or a take."""
    uri = f"{take.name}/cam_{serial}" if serial else take.name
    return Reject(key=uri, step=STEP, reason=no.reason, detail=no.detail, uri=uri)


def calibrated(take: MultiViewTake) -> dict[str, PlacedCamera]:
    """The cameras of a take's calibration.

    Raises:
        Rejected: wrong_camera, missing.
    """
    if not take.calibration.exists():
        raise Rejected("missing", str(take.calibration))
    try:
        cameras = read_cameras(take.calibration)
    except (ValueError, OSError) as error:
        raise Rejected("wrong_camera", str(error)) from error
    if FRONTAL not in cameras:
        raise Rejected("wrong_camera", f"{take.calibration} has not the frontal camera {FRONTAL}")
    return cameras


@dataclass(frozen=True)
class Moments:
    """The pictures of a camera: how many, of which size, how long each is shown."""

    pictures: int
    width: int
    height: int
    duration_s: float
    video: Probed | None  # of a camera with a video; None where it has a picture for each moment


def moments(take: MultiViewTake, serial: str) -> Moments:
    """The pictures of a camera.

    Raises:
        Rejected: missing, and what `media.probe` and `media.stills` say.
    """
    paths = take.cameras.get(serial, ())
    if not paths:
        raise Rejected("missing", f"camera {serial} of {take.name}")
    if take.version == 1:
        height, width = read_still(paths[0], max_pixels=MOST_PIXELS).shape[:2]
        return Moments(len(paths), width, height, len(paths) / FPS, None)
    state = state_of(paths[0])
    sha256 = sha256_of_file(paths[0], state)
    own = {"key": sha256[:12], "uri": str(paths[0]), "sha256": sha256}
    source = Source(**own, num_bytes=state.num_bytes, origin=Origin())
    video = probe(source, max_pixels=MOST_PIXELS, max_duration_s=3600.0, max_pixel_stretch=0.1)
    return Moments(video.num_frames, video.width, video.height, video.duration_s, video)


def view_of(
    take: MultiViewTake,
    serial: str,
    camera: PlacedCamera,
    frontal: PlacedCamera,
    head: np.ndarray,
    clock: Moments,
    out: Path,
    settings: PrepareSettings,
) -> PreparedView:
    """A camera of a take as a video below `out`, made unless it is there.

    Raises:
        Rejected: as `prepared`.
    """
    own = moments(take, serial)
    refuse_out_of_step(own, clock)
    shot = fitted(camera, head, own, settings.area)
    uri = f"{take.participant}/{take.sequence}/cam_{serial}.mp4"
    if not (out / uri).exists():
        write(out / uri, own, take.cameras[serial], shot, colours_of(take, serial), settings.crf)
    angle = angle_deg(camera, frontal)
    extra = {
        "part": part_of(angle, settings.widest_deg),
        "angle_deg": f"{angle:.2f}",
        "pictures": str(own.pictures),
        "version": str(take.version),
    }
    origin = Origin(
        licence=LICENCE,
        domain="talk" if take.sequence.startswith("SEN-") else "face",
        subject=f"nersemble/{take.participant}",
        take=take.name,
        camera=serial,
        extra=extra,
        lens=shot.lens,
    )
    return PreparedView(uri=uri, origin=origin)


def refuse_out_of_step(own: Moments, clock: Moments) -> None:
    """Raise Rejected where a camera's pictures do not begin and end with the frontal one's."""
    late_s = abs(own.duration_s - clock.duration_s)
    if own.pictures != clock.pictures or late_s > 0.5 / FPS:
        raise Rejected(
            "out_of_step",
            f"{own.pictures} pictures in {own.duration_s:.3f} s, the frontal camera has {clock.pictures} in "
            f"{clock.duration_s:.3f} s",
        )


def fitted(camera: PlacedCamera, head: np.ndarray, own: Moments, area: int) -> PortraitCut:
    """The portrait that is cut from a camera's pictures.

    Raises:
        Rejected: wrong_camera.
    """
    try:
        return portrait(camera.for_pictures(own.width, own.height), head, (own.width, own.height), area)
    except ValueError as error:
        raise Rejected("wrong_camera", str(error)) from error


def colours_of(take: MultiViewTake, serial: str) -> ColourMatrix | None:
    """How a camera's colours are corrected; None where the take has no colour calibration at all.

    Raises:
        Rejected: wrong_colours.
    """
    if not take.colours:
        return None
    if serial not in take.colours:
        raise Rejected("wrong_colours", f"no matrix of camera {serial}, though others have one")
    try:
        return colour_matrix(take.colours[serial], serial)
    except (ValueError, OSError) as error:
        raise Rejected("wrong_colours", str(error)) from error


def write(
    path: Path,
    own: Moments,
    paths: tuple[Path, ...],
    shot: PortraitCut,
    colours: ColourMatrix | None,
    crf: int,
) -> None:
    """The video of a camera, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.tmp.mp4")
    with video_writer(aside, shot.width, shot.height, VideoSettings(crf=crf)) as append:
        for pictures in at_24_fps(own, paths):
            cut = resample(pictures, shot.affine, shot.width, shot.height)
            append(colours.corrected(cut) if colours else cut)
    aside.rename(path)


def at_24_fps(own: Moments, paths: tuple[Path, ...]) -> Iterator[Frames]:
    """The pictures that are shown on the 24 fps clock, some at a time."""
    if own.video is not None:
        yield from decode(own.video, 0, num_ticks(own.duration_s), window=AT_ONCE)
        return
    for number in shown_pictures(own.pictures):
        picture = read_still(paths[number], max_pixels=MOST_PIXELS)
        if picture.shape[:2] != (own.height, own.width):
            raise Rejected("size_changes", f"{paths[number]}: {picture.shape[1]}x{picture.shape[0]} px")
        yield picture[None]


def shown_pictures(pictures: int) -> list[int]:
    """Which pictures of 73 a second the 24 fps clock shows, each until the next begins (`media.clock`)."""
    ticks = num_ticks(pictures / FPS)
    shown = [int((Fraction(tick, CLOCK_FPS) + TOLERANCE_S) * Fraction(FPS)) for tick in range(ticks)]
    return [min(number, pictures - 1) for number in shown]
