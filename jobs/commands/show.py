"""`understudy show`: a batch as the model will see it, drawn as one picture."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import tyro
from rich.console import Console

from jobs.commands.preview import refuse_other_picture, write_picture
from jobs.console.contact_sheets import Picture, below, beside, captioned, fit, label, overlay
from jobs.console.flags import parsed, value_of
from jobs.exit_codes import ExitCode
from jobs.recipes.training import RECIPES, Name
from model.data.position import advance
from model.data.settings import LoaderSettings

if TYPE_CHECKING:
    from model.data.batch import Batch

STRIP_FRAMES = 6
FRAME_PX = 220
SMALL_PX = 130
REFERENCE_PX = 200
SHEET_PX = 1000


@dataclass(frozen=True, kw_only=True)
class Show:
    """Draw a batch of a data set as training will see it."""

    data: tyro.conf.Positional[str]
    """Folder of the data set, or its URI."""
    picture: Path
    """PNG to write."""
    batch: int = 0
    """Which batch of the order, from 0: in a run of R ranks, batch n goes to rank n mod R in step n / R."""
    where: tuple[str, ...] = ()
    """Only samples for which all of these hold, on columns of the index: licence=CC0 face_ratio<0.5."""
    recipe: Name | None = None
    """See it as that recipe trains: its groups, windows and token budget."""
    loader: LoaderSettings = field(default_factory=LoaderSettings)


def parse(args: list[str]) -> Show:
    """The job of a command line; what it leaves out is as its recipe trains."""
    named = value_of("--recipe", args)
    loader = next((make().loader for name, make in RECIPES.items() if name == named), LoaderSettings())
    return parsed(Show, "show", args, Show(data=tyro.MISSING, picture=tyro.MISSING, loader=loader))


def show(job: Show, console: Console) -> ExitCode:
    """Write the picture and print what the batch's epoch keeps; 0, or 1 where a sample had to be left out.

    Raises:
        ValueError: there is no data set that these settings can draw from.
        OSError: the picture cannot be written.
    """
    from model.data.loader import Loader  # brings torch along: not before a batch is wanted

    refuse_other_picture(job.picture)
    if job.batch < 0:
        raise ValueError(f"there is no batch {job.batch}: they are counted from 0")
    order = replace(job.loader.order, where=(*job.loader.order.where, *job.where))
    endless = replace(job.loader, order=order, workers=0, epochs=None, max_unfit=2**31, latents=None)
    loader = Loader(job.data, endless)
    loader.position = advance(loader.position, job.batch, loader.order.slots_of)
    place = loader.position
    for line in loader.table().split("\n"):
        console.print(line, highlight=False)
    batch = next(iter(loader))
    message = f"batch {job.batch}: epoch {place.epoch}, slot {place.slot}, {len(batch)} samples"
    parts = [strip(batch, number) for number in range(len(batch))]
    parts += [label([f"left out: {fault}"], SHEET_PX) for fault in batch.faults]
    job.picture.parent.mkdir(parents=True, exist_ok=True)
    write_picture(job.picture, below([label([message], SHEET_PX), *parts], gap=16))
    for fault in batch.faults:
        console.print(f"left out: {fault}", style="red", highlight=False, markup=False)
    console.print(f"{message}: {job.picture}", highlight=False)
    return ExitCode.FAILED_ITEMS if batch.faults else ExitCode.WHOLE


def strip(batch: Batch, number: int) -> Picture:
    """One sample: its facts, frames under their controls, maps, faces, references."""
    from model.data.maps import maps_of  # brings torch along

    video, skeleton, sphere, face, references = (
        np.asarray(tensor[number]) for tensor in (batch.video, *maps_of(batch), batch.face, batch.references)
    )
    shown = np.linspace(0, len(video) - 1, STRIP_FRAMES, dtype=int)
    laid = overlay(video[shown], skeleton[shown], sphere[shown])
    words = ["" if driven else "masked" for driven in batch.driven[number, shown].tolist()]
    seen = ["" if valid else "no face" for valid in batch.face_valid[number, shown].tolist()]
    frames = beside(
        [
            captioned(fit(picture, FRAME_PX), f"{t} {word}".strip())
            for t, picture, word in zip(shown, laid, words, strict=True)
        ]
    )
    maps = beside([fit(np.maximum(skeleton[t], sphere[t]), SMALL_PX) for t in shown])
    faces = beside([captioned(fit(face[t], SMALL_PX), word) for t, word in zip(shown, seen, strict=True)])
    stills = beside(
        [
            fit(still, REFERENCE_PX)
            for still, valid in zip(references, batch.reference_valid[number], strict=True)
            if valid
        ]
    )
    return below([label(facts(batch, number), max(frames.shape[1], SHEET_PX)), frames, maps, faces, stills])


def facts(batch: Batch, number: int) -> list[str]:
    """What is not seen in the pictures."""
    frames, height, width = batch.video.shape[1:4]
    start = batch.starts[number]
    withheld = [
        name
        for name, flags in (
            ("references", batch.drop_references),
            ("pose", batch.drop_pose),
            ("face", batch.drop_face),
        )
        if flags[number]
    ]
    return [
        f"{batch.keys[number]}   frames {start} to {start + frames - 1} ({frames})   {width}x{height}   "
        f"{int(batch.reference_valid[number].sum())} references   "
        f"sound {'' if batch.has_speech[number] else 'not '}given   "
        f"withheld: {', '.join(withheld) or 'nothing'}",
        "rows: video under its controls, controls, faces, references",
    ]
