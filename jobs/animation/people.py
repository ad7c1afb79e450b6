"""People in pictures and videos as the animator needs them: the pipeline's own steps, for one file."""

from __future__ import annotations

import itertools
import math
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from media.decode import decode
from media.encode import VideoSettings, write_video
from media.resample import crop_squares, resample_one
from media.stills import read_still
from model.sample.pixels import Pictures, stretch_of
from model.sample.retarget import Figure
from model.sample.segments import Stretch
from pipeline.backends import Backends
from pipeline.geometry import canvas_affine
from pipeline.shots.scan import SplitSettings
from pipeline.stages.acquaint import acquaint
from pipeline.stages.clip_tracks import Estimators
from pipeline.stages.control import Control, ControlSettings
from pipeline.stages.corpus import Corpus
from pipeline.stages.estimate import Estimate, EstimateSettings
from pipeline.stages.one_person import OnePerson
from pipeline.stages.probe import Probe, ProbeSettings
from pipeline.stages.split import Split
from pipeline.stretches import OnePersonSettings
from schemas.controls import Controlled, Controls, frames_of
from schemas.drawing import draw_skeleton, draw_spheres
from schemas.landmarks import face_points
from schemas.media import MIN_CLIP_FRAMES, Listed, Probed
from schemas.origin import Origin
from schemas.outcome import Rejected
from schemas.reasons import MEANINGS, Reason
from schemas.sample import FACE_SIZE
from schemas.tracks import Tracked

STILL_PIXELS = 2048 * 2048
"""Larger pictures are shrunk to this: references lie on canvases of a seventh of it and less."""
AROUND = (0.6, 0.3, 0.1, 0.0)
"""Room to try around a person who is cut out of a picture, in sides of the box."""
WINDOW = 16
"""Frames of the driving video in memory at a time."""
IN_A_PICTURE: dict[Reason, str] = {
    "nobody": "no person is seen in the picture",
    "several_people": "several people are seen in the picture",
    "person_too_small": "the person fills too little of the picture",
    "no_person": "neither a face nor a body can be measured in the picture",
    "no_head": "no head is seen in the picture",
}


@dataclass(frozen=True, kw_only=True)
class PersonReader:
    """Finds the person of a file."""

    estimate: Estimate
    cut: OnePerson
    control: Control
    probe: Probe
    split: Split

    @classmethod
    def of(cls, backends: Backends, canvas_area: int) -> PersonReader:
        """With all weights loaded; canvases have up to this many px."""
        return cls.holding(backends.build(), canvas_area)

    @classmethod
    def holding(cls, estimators: Estimators, canvas_area: int) -> PersonReader:
        """With estimators that are loaded already."""
        return cls(
            estimate=Estimate(EstimateSettings(), estimators),
            cut=OnePerson(OnePersonSettings()),
            control=Control(ControlSettings(canvas_area=canvas_area, max_aspect_miss=0.25, min_flex=0.0)),
            probe=Probe(ProbeSettings(keep_opted_out=True)),
            split=Split(SplitSettings(max_still_s=math.inf)),
        )

    def video(self, path: Path) -> Controlled:
        """The longest stretch of one shot of a video that shows one person, and its controls.

        Raises:
            ValueError: the file is no video, or shows no person or several; says which.
        """
        with rejects_as_errors(path):
            return self.person(path)

    def person(self, path: Path) -> Controlled:
        """As `video`.

        Raises:
            Rejected: as the pipeline's steps, and "too_short".
        """
        (source,) = Corpus()(Listed(key="0" * 12, uri=str(path.absolute()), origin=Origin()))
        (video,) = self.probe(source)
        longest = max(self.one_shot(video), key=lambda stretch: stretch.clip.num_frames)
        (controlled,) = self.control(longest)
        return controlled

    def one_shot(self, video: Probed) -> list[Tracked]:
        """The stretches of one person in the longest shot of a video that has any: two may be two people.

        Raises:
            Rejected: as `person`, for the longest shot where none has any.
        """
        shots = sorted(
            self.split.whole_shots(video), key=lambda shot: (shot.look.mixed > 0, -shot.num_frames)
        )
        if shots[0].num_frames < MIN_CLIP_FRAMES:
            raise Rejected(
                "too_short", f"{shots[0].num_frames} frames at 24 a second; at least {MIN_CLIP_FRAMES}"
            )
        refused: list[Rejected] = []
        for shot in shots:
            try:
                bare = replace(shot, window=())  # a picture lies whole on its canvas
                (whole,) = acquaint(self.estimate(bare))
                return list(self.cut(whole))
            except Rejected as no:
                refused.append(no)
        raise refused[0]

    def picture(self, path: Path) -> tuple[Pictures, Controlled]:
        """A picture (h, w, 3), and the person in it as in a video in which nothing moves.

        Raises:
            ValueError: the file is no picture, or shows no person or several; says which.
        """
        with rejects_as_errors(path):
            picture = read_still(path, max_pixels=STILL_PIXELS)
        return picture, self.still(picture, path)

    def foremost(self, path: Path, say: Callable[[str], None]) -> tuple[Pictures, Controlled]:
        """As `picture`; of several people the one who is largest, in a picture cut to that one.

        Raises:
            ValueError: as `picture`, or several people cannot be cut apart.
        """
        try:
            return self.picture(path)
        except ValueError as error:
            no = error.__cause__
            if not (isinstance(no, Rejected) and no.reason == "several_people"):
                raise
            cut = self.cut_out(read_still(path, max_pixels=STILL_PIXELS))
            try:
                found = cut, self.still(cut, path)
            except ValueError:
                raise error from no
        height, width = cut.shape[:2]
        say(f"{path}: several people are seen; the largest is taken, on {width}x{height} px of the picture")
        return found

    def cut_out(self, picture: Pictures) -> Pictures:
        """The part of a picture (h, w, 3) around its largest person, as wide as nobody else is in it."""
        find, most = self.estimate.estimators.person, self.cut.settings.max_other_area
        box = find(picture[None]).box[0]
        for around in AROUND:
            margin = around * (box[2:] - box[:2])
            low = np.maximum(box[:2] - margin, 0).astype(int)
            high = np.minimum(box[2:] + margin, picture.shape[1::-1]).astype(int)
            high -= (high - low) % 2  # a film of it is to be made
            cut = np.ascontiguousarray(picture[low[1] : high[1], low[0] : high[0]])
            if find(cut[None]).others[0] <= most:
                break
        return cut

    def still(self, picture: Pictures, path: Path) -> Controlled:
        """The person in a picture (h, w, 3) that came from a path."""
        with tempfile.TemporaryDirectory() as folder, rejects_as_errors(path):
            film = Path(folder) / "still.mp4"
            write_video(film, itertools.repeat(picture[None], MIN_CLIP_FRAMES), VideoSettings(crf=10))
            try:
                return self.person(film)
            except Rejected as no:  # its details tell of frames
                raise Rejected(no.reason, IN_A_PICTURE.get(no.reason, MEANINGS[no.reason])) from no


@contextmanager
def rejects_as_errors(path: Path) -> Iterator[None]:
    """Turn a reject into a sentence about a file."""
    try:
        yield
    except Rejected as no:
        raise ValueError(f"{path}: {no}") from no


def figure_of(person: Controlled) -> Figure:
    """The person as retargeting reads it."""
    return Figure(controls=person.controls, framing=person.framing, width=person.width, height=person.height)


def on_canvas(picture: Pictures, width: int, height: int) -> Pictures:
    """A picture (h, w, 3) on a canvas, as references of training lie on theirs."""
    affine = canvas_affine(picture.shape[1], picture.shape[0], (width, height))
    return resample_one(picture, affine, width, height)


@dataclass(frozen=True, kw_only=True)
class VideoDrive:
    """Drives by a video: maps of retargeted controls on another canvas, faces as they are in the video."""

    driver: Controlled
    controls: Controls
    width: int
    height: int

    def __call__(self, numbers: NDArray[np.int64]) -> Stretch:
        """What drives these frames, which may repeat and lie far apart."""
        driver, shown = self.driver, frames_of(self.controls, numbers)
        own = frames_of(driver.controls, numbers)
        skeleton = draw_skeleton(shown, self.width, self.height)
        sphere = draw_spheres(shown, self.width, self.height)
        points = face_points(own, driver.to_canvas, driver.width, driver.height)
        return stretch_of(skeleton, sphere, self.faces(numbers), points, own.face_valid.copy())

    def faces(self, numbers: NDArray[np.int64]) -> Pictures:
        """Face crops of these frames; a few frames of the video at a time are in memory."""
        clip, own = self.driver.clip, self.driver.controls
        wanted, places = np.unique(numbers, return_inverse=True)
        first, count = int(wanted[0]), int(np.ptp(wanted)) + 1
        crops = []
        for frames in decode(clip.video, clip.first_frame + first, count, window=WINDOW):
            inside = wanted[(wanted >= first) & (wanted < first + len(frames))]
            seen = frames[inside - first]
            crops.append(crop_squares(seen, own.face_box[inside], own.face_valid[inside], FACE_SIZE))
            first += len(frames)
        return np.concatenate(crops)[places]
