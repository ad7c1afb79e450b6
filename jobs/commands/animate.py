"""`understudy animate`: the person of a picture moves as one in a video does, or speaks as one is heard."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import tyro
from rich.console import Console

from jobs.animation.atlas import Gathering, as_given, best
from jobs.animation.atlas_files import read_atlas, save_atlas
from jobs.animation.drives import Speaks
from jobs.animation.film import write
from jobs.animation.people import rejects_as_errors
from jobs.animation.performer import Performer, Portrait
from jobs.animation.second_pass import room_for
from jobs.console.flags import parsed
from jobs.console.kinds import Words
from jobs.console.progress import readable_s
from jobs.exit_codes import ExitCode
from jobs.stored.commands import flags_of, save_flags
from jobs.stored.run_facts import run_facts
from media.credentials import Signer, signer_of
from media.voice import Voice, voice_of
from model.nets.pretrained.editors import PictureEditor
from model.sample.pixels import Pictures
from model.sample.segments import HandOver, num_segments
from model.sample.solve import SamplerSettings
from model.train.load import Taken, embedded, has_learned, last_of, settings_of
from model.train.ranks import own_rank
from model.train.together import Across, place
from pipeline.backends import Backends
from schemas.controls import Controlled
from schemas.media import FPS

LEAST_TILE_PX = 64


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
    caption: Words = ""
    """What is to be seen, in words, of a run that has learned from captions."""
    text_encoder: Path | None = None
    """Folder of the text encoder that the run's captions were stored by."""
    sampler: SamplerSettings = field(default_factory=SamplerSettings)
    hand_over: HandOver = "frame"
    """What a segment hands to the next: its last frame, or its last latent frame as it is."""
    match_colours: bool = True
    """Shift the colours of a segment that begins in others than the one before it ended in: no jump."""
    across: Across = "guidance"
    """Under torchrun, what its processes share of each step: the answers of the guidance, or the tokens."""
    tile_px: int = 0
    """Decode films in tiles of so many px a side, in little memory; 0 decodes whole frames."""
    much_noise: Path | None = None
    """Folder of the training of much noise, where that of `--run` has learned little noise alone."""
    weights: Taken = "average"
    """Weights averaged over the last steps, or as last moved."""
    seed: int = 0
    """Another one makes another video of the same."""
    second_pass: bool = False
    """Make 73 frames first, and use up to three of them as references beside the pictures: other sides."""
    editor: Path | None = None
    """Folder of an editor of pictures, as diffusers saves FLUX.2-klein or Qwen-Image-Edit: bones are measured
    on the person as it makes them stand."""
    editor_steps: int | None = None
    """Steps of an edit; None: as many as the editor takes by itself."""
    atlas: Path | None = None
    """Atlas of the person: views of the sides that the driver shows become references beside the pictures."""
    save_atlas: Path | None = None
    """Atlas to write: the views of `--atlas`, the first picture, and sides that this film shows."""
    c2pa_certificates: Path | None = None
    """PEM file of the certificates that the film's Content Credentials are signed under, the signer's first:
    they say that a trained model made it."""
    c2pa_key: Path | None = None
    """PEM file of the signer's private key."""
    config: Path | None = None
    """A file of --save-config whose settings are taken, but for what the command line says."""
    save_config: Path | None = None
    """JSON to write: the settings of this film."""
    backends: Backends = field(default_factory=Backends)


def parse(args: list[str]) -> Animate:
    """The job of a command line; what it leaves out is as in the file that it names.

    Raises:
        ValueError: there are no settings of a film.
        OSError: they cannot be read.
    """
    default = Animate(run=tyro.MISSING, reference=tyro.MISSING, out=tyro.MISSING)
    return parsed(Animate, "animate", args, replace(default, **flags_of(Animate, args, "job")))


def animate(job: Animate, console: Console) -> ExitCode:
    """Write the video.

    Raises:
        ValueError: the run, a picture, the driving video or the speech cannot be used; says why.
    """
    refuse_senseless(job)
    signer = signer_in(job)
    with heard(job) as voice:
        make(job, voice, signer, console)
    if job.save_config and own_rank() == 0:
        save_flags(job.save_config, job)
    return ExitCode.WHOLE


def make(job: Animate, voice: Voice | None, signer: Signer | None, console: Console) -> None:
    """Write the video.

    Raises:
        ValueError: as `animate`.
    """

    def say(line: str) -> None:
        if own_rank() == 0:
            console.print(line, highlight=False)

    performer = Performer.of(
        job.run,
        job.backends,
        high=job.much_noise,
        across=job.across,
        tile_px=job.tile_px,
        sampler=job.sampler,
        hand_over=job.hand_over,
        match_colours=job.match_colours,
        weights=job.weights,
        seed=job.seed,
        caption=embedded(job.run, job.caption, job.text_encoder),
    )
    say(f"{job.run}: has learned for {run_facts(job.run)['done']}")
    if job.hand_over == "latent" and not settings_of(last_of(job.run)).latent_share:
        say(f"{job.run}: has not learned to go on from a latent frame (--settings.latent-share)")
    portrait = performer.portrait(job.reference, editor=editor_of(job), say=say)
    driver = performer.people.video(job.driving) if job.driving else None
    if driver and (line := stretch_used(driver, job)):
        say(line)
    played = performer.performance(portrait, driver, voice, job.speaks)
    if played.note:
        say(f"{job.driving}: {played.note}")
    if job.atlas and played.part:
        portrait = performer.with_atlas(portrait, played.part, job.atlas, say)
    made = performer.perform(portrait, played, second_pass=job.second_pass, say=say)
    if own_rank() > 0:
        for _ in made:
            """The first process writes the film."""
        return
    gathering = Gathering(played.part) if job.save_atlas and played.part else None
    kept = gathering.through(made) if gathering else made
    write(job.out, played, reported(kept, num_segments(played.frames), say), signer)
    if gathering:
        keep_views(job, performer, portrait, gathering, say)
    say(f"{played.frames} frames of {portrait.person.width}x{portrait.person.height} px: {job.out}")


def signer_in(job: Animate) -> Signer | None:
    """Who signs the film of a job, if anybody does.

    Raises:
        ValueError: a file is missing, or cannot be used.
    """
    if job.c2pa_certificates and job.c2pa_key:
        return signer_of(job.c2pa_certificates, job.c2pa_key)
    if job.c2pa_certificates or job.c2pa_key:
        raise ValueError("a film is signed by both --c2pa-certificates and --c2pa-key")
    return None


def editor_of(job: Animate) -> PictureEditor | None:
    """The editor of a job, if it has one.

    Raises:
        ValueError: it cannot be loaded.
    """
    return PictureEditor.of_folder(job.editor, place(), job.editor_steps) if job.editor else None


def keep_views(
    job: Animate, performer: Performer, portrait: Portrait, gathering: Gathering, say: Callable[[str], None]
) -> None:
    """Write the atlas of a person, who is in a film that was made."""
    assert job.save_atlas
    first = as_given(portrait.references[0], portrait.person, str(job.reference[0]))
    embed, known = performer.people.estimate.estimators.appearance, read_atlas(job.atlas) if job.atlas else ()
    views = best([first, *known, *gathering.views(first, embed, str(job.driving))])
    save_atlas(job.save_atlas, views)
    yaws = ", ".join(f"{np.degrees(view.yaw):.0f}" for view in views)
    say(f"{job.save_atlas}: {len(views)} views, of yaw {yaws} degrees")


def refuse_senseless(job: Animate) -> None:
    """Returns where all that a job asks for goes together.

    Raises:
        ValueError: it does not.
    """
    if not job.reference:
        raise ValueError("a picture of the person is needed: --reference PICTURE")
    if not job.driving and not job.speech:
        raise ValueError("something to play is needed: --driving VIDEO, --speech SOUND, or both")
    refuse_without_sides(job)
    if job.tile_px % LEAST_TILE_PX:
        raise ValueError(f"tiles of {job.tile_px} px: a multiple of {LEAST_TILE_PX} is asked for, or 0")
    if job.sampler.steps < 1:
        raise ValueError(f"noise becomes a video in at least one step, not in {job.sampler.steps}")
    if job.out.is_dir():
        raise ValueError(f"{job.out}: a folder; --out names the video to write")
    if job.out.resolve() in {path.resolve() for path in (job.driving, job.speech, *job.reference) if path}:
        raise ValueError(f"{job.out}: would be written over what it is made from")
    if job.out.suffix.lower() != ".mp4":
        raise ValueError(f"{job.out}: an MP4 is written: name it so, as video.mp4")
    if job.speech and not has_learned(job.run, "speech"):
        raise ValueError(
            f"{job.run}: has not learned to speak; a training goes on to it by its recipe with speech, "
            "such as --recipe speech_tiny"
        )


def refuse_without_sides(job: Animate) -> None:
    """Returns where what is asked for other sides of a person can be had.

    Raises:
        ValueError: it cannot.
    """
    if (job.second_pass or job.atlas or job.save_atlas) and not job.driving:
        raise ValueError("other sides, of a second pass or an atlas, are those of a driver: --driving VIDEO")
    if job.second_pass and job.atlas:
        raise ValueError("an atlas gives what a second pass makes: leave one of them out")
    if job.second_pass:
        room_for(len(job.reference))


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
        with rejects_as_errors(job.speech):
            voice = stack.enter_context(voice_of(job.speech))
        yield voice


def stretch_used(driver: Controlled, job: Animate) -> str:
    """What part of the driving video is used, where it is not all of it."""
    clip = driver.clip
    if clip.duration_s >= clip.video.duration_s - 1 / FPS:
        return ""
    return (
        f"{job.driving}: driven by {clip.start_s:.1f} to {clip.stop_s:.1f} s of "
        f"{clip.video.duration_s:.1f} s, the longest stretch that shows one person"
    )


def reported(parts: Iterator[Pictures], segments: int, say: Callable[[str], None]) -> Iterator[Pictures]:
    """The segments as pictures, while progress is told."""
    began = time.monotonic()
    for done, part in enumerate(parts, start=1):
        yield part
        passed = time.monotonic() - began
        left = readable_s(passed / done * (segments - done))
        say(f"segment {done} of {segments}, {passed / done:.1f} s each, {left} left")
