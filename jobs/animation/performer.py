"""A run's networks and the pipeline's estimators, loaded once: pictures and a performance in, frames out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from jobs.animation.atlas import appearance_vector, as_given, chosen, refuse_stranger
from jobs.animation.atlas_files import read_atlas
from jobs.animation.drives import Performance, Speaks, by_video, spoken, standing
from jobs.animation.editing import Editor, canonical
from jobs.animation.people import PersonReader, on_canvas
from jobs.animation.second_pass import DrivenPart, with_made
from media.voice import Voice
from model.sample.pixels import Pictures, pictures_of, references_of
from model.sample.retarget import Figure
from model.sample.segments import Animator, Caption, Drive, HandOver
from model.sample.solve import SamplerSettings
from model.train.init import clip_of
from model.train.load import Taken, last_of, much_noise, settings_of, trained
from model.train.starts import starts_of
from model.train.together import Across, place, shared
from pipeline.backends import Backends
from pipeline.stages.control import Control
from schemas.controls import Controlled


@dataclass(frozen=True, kw_only=True)
class Portrait:
    """A person as pictures show it."""

    picture: Pictures
    """The first picture (h, w, 3), as it was read."""
    person: Controlled
    """Who is in it, on the canvas that the video will have."""
    references: Pictures
    """All pictures (K, H, W, 3) on that canvas, the first one first."""
    canonical: Figure | None
    """The edited person, whose bones tell the lengths; None where nothing was edited."""


@dataclass(frozen=True, kw_only=True)
class Performer:
    """Makes videos of people in pictures; one serves any number of people and performances."""

    people: PersonReader
    animator: Animator

    @classmethod
    def of(
        cls,
        run: Path,
        backends: Backends,
        *,
        high: Path | None = None,
        across: Across = "guidance",
        tile_px: int = 0,
        sampler: SamplerSettings,
        hand_over: HandOver,
        match_colours: bool,
        weights: Taken,
        seed: int,
        caption: Caption | None = None,
    ) -> Performer:
        """The performer of a run, its weights and those of the estimators loaded.

        A run that has learned little noise alone needs the one of much noise, `high`.

        Raises:
            ValueError: the folder holds no run that has learned anything, or not the weights of its sizes, or
            not all times are learned.
        """
        where, settings = place(), settings_of(last_of(run))
        net, codec = trained(run, weights, where)
        other = much_noise(run, high, weights, where)
        return cls(
            people=PersonReader.of(backends, starts_of(run)[-1].canvas_area),
            animator=Animator(
                net=net,
                codec=codec,
                device=where,
                how=sampler.as_trained(settings.timestep_shift),
                hand_over=hand_over,
                match_colours=match_colours,
                seed=seed,
                much_noise=other,
                share=shared(across, [net, *([other.net] if other else [])]),
                tile_px=tile_px,
                clip=clip_of(settings, where),
                caption=caption,
            ),
        )

    def on_canvases(self, area: int) -> Performer:
        """The same, whose films have up to so many px a frame, and no more than before."""
        settings = self.people.control.settings
        control = Control(replace(settings, canvas_area=min(area, settings.canvas_area)))
        return replace(self, people=replace(self.people, control=control))

    def portrait(
        self, pictures: Sequence[Path], editor: Editor | None = None, say: Callable[[str], None] | None = None
    ) -> Portrait:
        """The person of some pictures; the first gives canvas, place and body.

        Of several people in a picture the largest is taken if `say` can be told so. With an editor, lengths
        are measured on what it makes of the first, if that can be taken.

        Raises:
            ValueError: one is no picture, or shows no person, or several; says which.
        """
        read = partial(self.people.foremost, say=say) if say else self.people.picture
        picture, person = read(pictures[0])
        report = say or (lambda _: None)
        posed = canonical(picture, person, editor, self.people, pictures[0], report) if editor else None
        others = (read(path)[0] for path in pictures[1:])
        references = [on_canvas(still, person.width, person.height) for still in (picture, *others)]
        return Portrait(picture=picture, person=person, references=np.stack(references), canonical=posed)

    def performance(
        self, portrait: Portrait, driver: Controlled | None, voice: Voice | None, speaks: Speaks
    ) -> Performance:
        """What the person plays: a driver's motion, or none of its own, and a speech over it.

        Raises:
            ValueError: a speech is to move a face, and none is seen.
        """
        if driver is None:
            played = standing(portrait.picture, portrait.person)
        else:
            played = by_video(driver, portrait.person, portrait.canonical)
        return spoken(played, voice, speaks) if voice else played

    def frames(self, references: Pictures, drive: Drive, frames: int) -> Iterator[Pictures]:
        """So many frames of a drive, segment by segment, (t, H, W, 3) each; the same for the same seed."""
        animator = self.animator
        latents = references_of(references, animator.codec, animator.device)
        return map(pictures_of, animator(latents, drive, frames))

    def with_atlas(
        self, portrait: Portrait, part: DrivenPart, path: Path, say: Callable[[str], None]
    ) -> Portrait:
        """The portrait with views of an atlas that show what the driver shows; `say` is told which.

        Raises:
            ValueError: the file is no atlas, or shows another person.
        """
        views, embed = read_atlas(path), self.people.estimate.estimators.appearance
        first = as_given(portrait.references[0], portrait.person, "")
        refuse_stranger(views, appearance_vector(first.picture, first.box, embed), embed, path)
        taken = chosen(views, part.driver, len(portrait.references))
        for view in taken:
            say(f"{path}: a reference of yaw {np.degrees(view.yaw):.0f} degrees, from {view.source}")
        if not taken:
            say(f"{path}: no view shows a side that the driver shows, or no room is left for one")
            return portrait
        size = portrait.person.width, portrait.person.height
        more = [on_canvas(view.picture, *size) for view in taken]
        return replace(portrait, references=np.concatenate([portrait.references, np.stack(more)]))

    def perform(
        self,
        portrait: Portrait,
        played: Performance,
        *,
        second_pass: bool = False,
        say: Callable[[str], None],
    ) -> Iterator[Pictures]:
        """The frames of a performance, segment by segment, (t, H, W, 3) each.

        With a second pass, references of other sides are made first; `say` is told which.
        """
        references = portrait.references
        if second_pass and played.part:
            embed = self.people.estimate.estimators.appearance
            references = with_made(references, played.part, self.frames, embed, say)
        return self.frames(references, played.drive, played.frames)
