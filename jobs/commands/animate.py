"""`understudy animate`: the person of a picture moves as one in a video does, or speaks as one is heard."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
import tyro
from rich.console import Console

from jobs.animation.drives import Act, Speaks, by_video, spoken, standing
from jobs.animation.people import Eyes, figure_of, on_canvas, said
from jobs.animation.second_pass import room_for, with_made
from jobs.commands.train import RUN
from jobs.console.progress import readable_s
from jobs.exit_codes import ExitCode
from media.encode import VideoSettings, write_video
from media.voice import Voice, voice_of
from model.sample.pixels import Pictures, pictures_of, references_of
from model.sample.segments import Animator, Drive, HandOver, num_segments
from model.sample.solve import Solving
from model.train.load import Taken, device, has_learned, last_of, settings_of, trained
from pipeline.flow import Backends
from schemas.controls import Controlled
from schemas.media import FPS


class Editor(Protocol):
    """Edits a picture so that the person stands upright, arms a little off the body: bones show their length.

    None is given by default; the reference is then measured as it is.
    """

    def __call__(self, picture: Pictures, /) -> Pictures:
        """The edited picture (h, w, 3)."""
        ...


@dataclass(frozen=True, kw_only=True)
class Animate:
    """Make a video of a person from pictures of it, driven by a video of anyone."""

    run: Path
    """Folder of a training."""
    reference: tuple[Path, ...]
    """Pictures of the person; the first gives canvas, place and body."""
    out: Path
    """MP4 to write."""
    driving: Path | None = None
    """Video of one person; without it, the person of the first picture stands still and speaks."""
    speech: Path | None = None
    """Sound file, or video with sound, that the face follows and that is heard for as long as it lasts."""
    speaks: Speaks = "mouth"
    """What follows the speech: the mouth alone, or eyes and emotion too."""
    solving: Solving = field(default_factory=Solving)
    hand_over: HandOver = "frame"
    """What a segment hands to the next: its last frame, or its last latent frame as it is."""
    match_colours: bool = True
    """Shift the colours of a segment that begins in others than the one before it ended in: no jump."""
    weights: Taken = "average"
    seed: int = 0
    second_pass: bool = False
    """Make 73 frames first, and use up to three of them as references beside the pictures: other sides."""
    backends: Backends = field(default_factory=Backends)


def parse(args: list[str]) -> Animate:
    """The job of a command line."""
    return tyro.cli(Animate, prog="understudy animate", args=args)


def animate(job: Animate, console: Console, editor: Editor | None = None) -> ExitCode:
    """Write the video; `WHOLE`.

    Raises:
        ValueError: the run, a picture, the driving video or the speech cannot be used; says why.
    """
    refuse_senseless(job)
    with heard(job) as voice:
        make(job, voice, console, editor)
    return ExitCode.WHOLE


def make(job: Animate, voice: Voice | None, console: Console, editor: Editor | None) -> None:
    """Write the video.

    Raises:
        ValueError: as `animate`.
    """
    where = device()
    net, codec = trained(job.run, job.weights, where)
    eyes = Eyes.of(job.backends, canvas_area(job.run))
    picture, person = eyes.picture(job.reference[0])
    canonical = figure_of(eyes.still(editor(picture), job.reference[0])) if editor else None
    size = person.width, person.height
    others = (eyes.picture(path)[0] for path in job.reference[1:])
    references = np.stack([on_canvas(still, *size) for still in (picture, *others)])
    how = job.solving.as_trained(settings_of(last_of(job.run)).strength)
    animator = Animator(
        net=net,
        codec=codec,
        device=where,
        how=how,
        hand_over=job.hand_over,
        match_colours=job.match_colours,
        seed=job.seed,
    )
    act = standing(picture, person)
    if job.driving:
        driver = eyes.video(job.driving)
        say_stretch(driver, job, console)
        act = by_video(driver, person, canonical)

    def film(references: Pictures, drive: Drive, frames: int) -> Iterator[Pictures]:
        return map(pictures_of, animator(references_of(references, codec, where), drive, frames))

    if job.second_pass and act.part:
        embed = eyes.estimate.estimators.appearance
        references = with_made(references, act.part, act.drive, film, embed, console)
    if voice:
        act = spoken(act, voice, job.speaks)
    write(job.out, act, told(film(references, act.drive, act.frames), num_segments(act.frames), console))
    console.print(f"{act.frames} frames of {size[0]}x{size[1]} px: {job.out}", highlight=False)


def refuse_senseless(job: Animate) -> None:
    """Returns where all that a job asks for goes together.

    Raises:
        ValueError: it does not.
    """
    if not job.reference:
        raise ValueError("a picture of the person is needed: --reference PICTURE")
    if not job.driving and not job.speech:
        raise ValueError("something to play is needed: --driving VIDEO, --speech SOUND, or both")
    if job.second_pass:
        room_for(len(job.reference))
        if not job.driving:
            raise ValueError("a second pass needs a driving video that shows other sides: --driving VIDEO")
    if job.solving.steps < 1:
        raise ValueError(f"noise becomes a video in at least one step, not in {job.solving.steps}")
    if job.out.is_dir():
        raise ValueError(f"{job.out}: a folder; --out names the video to write")
    if job.out.resolve() in {path.resolve() for path in (job.driving, job.speech, *job.reference) if path}:
        raise ValueError(f"{job.out}: would be written over what it is made from")
    if job.speech and not has_learned(job.run, "speech"):
        raise ValueError(
            f"{job.run}: has not learned to speak; a training goes on to it by its recipe with speech, "
            "such as --recipe speech_tiny"
        )


@contextmanager
def heard(job: Animate) -> Iterator[Voice | None]:
    """The speech of a job, if it has one.

    Raises:
        ValueError: it cannot be used; says why.
    """
    if job.speech is None:
        yield None
        return
    with ExitStack() as stack:
        with said(job.speech):
            voice = stack.enter_context(voice_of(job.speech))
        yield voice


def canvas_area(run: Path) -> int:
    """Px of the largest canvas that the run was trained on.

    Raises:
        ValueError: the folder holds no run.
    """
    try:
        return int(json.loads((run / RUN).read_text())[-1]["canvas_area"])
    except (OSError, ValueError, LookupError, TypeError) as broken:
        raise ValueError(f"{run}: not the folder of a run ({broken})") from broken


def say_stretch(driver: Controlled, job: Animate, console: Console) -> None:
    """Say what part of the driving video is used, where it is not all of it."""
    clip = driver.clip
    if clip.duration_s < clip.video.duration_s - 1 / FPS:
        console.print(
            f"{job.driving}: driven by {clip.start_s:.1f} to {clip.stop_s:.1f} s of "
            f"{clip.video.duration_s:.1f} s, the longest stretch that shows one person",
            highlight=False,
        )


def told(parts: Iterator[Pictures], segments: int, console: Console) -> Iterator[Pictures]:
    """The segments as pictures, while progress is told."""
    began = time.monotonic()
    for done, part in enumerate(parts, start=1):
        yield part
        passed = time.monotonic() - began
        left = readable_s(passed / done * (segments - done))
        console.print(
            f"segment {done} of {segments}, {passed / done:.1f} s each, {left} left", highlight=False
        )


def write(out: Path, act: Act, windows: Iterator[Pictures]) -> None:
    """Write the video aside, with the sound of the act if it has any, and put it in its place."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".animate-") as folder:
        silent, loud = Path(folder) / "silent.mp4", Path(folder) / "loud.mp4"
        write_video(silent, windows, VideoSettings())
        if act.dub:
            act.dub(silent, loud)
            loud.replace(out)
        else:
            silent.replace(out)
