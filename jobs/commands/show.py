"""`understudy show`: a batch, or chosen samples, as the model will see them, drawn as one picture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import tyro
from rich.console import Console

from jobs.choice import Choice, chosen, file_of
from jobs.commands.preview import refuse_other_picture, write_picture
from jobs.console.contact_sheets import Picture, below, beside, captioned, fit, label, overlay
from jobs.console.flags import parsed, value_of
from jobs.exit_codes import ExitCode
from jobs.recipes.training import RECIPES, Name
from model.data.faults import Unfit
from model.data.position import Position, advance
from model.data.settings import LoaderSettings

if TYPE_CHECKING:  # they bring torch along: not before a batch is wanted
    from model.data.batch import Batch
    from model.data.loader import Loader
    from model.data.worker import Slot

STRIP_FRAMES = 6
FRAME_PX = 220
SMALL_PX = 130
REFERENCE_PX = 200
SHEET_PX = 1000
MOST = 24
"""Samples that are drawn where they are chosen without a number."""
EPOCHS = 4
"""A chosen sample is looked for in so many: one that is in none is as good as never drawn."""


@dataclass(frozen=True, kw_only=True)
class Show(Choice):
    """Draw a batch of a data set, or chosen samples of it, as training will see them."""

    data: tyro.conf.Positional[str]
    """Folder of the data set, or its URI."""
    picture: Path
    """PNG to write."""
    batch: int = 0
    """Which batch of the order, from 0: in a run of R ranks, batch n goes to rank n mod R in step n / R.
    Where `keys`, `sort` or `worst` choose samples these are drawn, each as the first batch from there on has
    it."""
    recipe: Name | None = None
    """See it as that recipe trains: its groups, windows and token budget."""
    loader: LoaderSettings = field(default_factory=LoaderSettings)


@dataclass(frozen=True)
class TitledSlot:
    """A batch of the order, or one sample of it, and what it is called."""

    title: str
    slot: Slot


def parse(args: list[str]) -> Show:
    """The job of a command line; what it leaves out is as its recipe trains."""
    named = value_of("--recipe", args)
    loader = next((make().loader for name, make in RECIPES.items() if name == named), LoaderSettings())
    return parsed(Show, "show", args, Show(data=tyro.MISSING, picture=tyro.MISSING, loader=loader))


def show(job: Show, console: Console) -> ExitCode:
    """Write the picture and print what the batch's epoch keeps; 0, or 3 where a sample had to be left out.

    Raises:
        ValueError: there is no data set that these settings can draw from, or nothing of it is chosen.
        OSError: the picture cannot be written.
    """
    from model.data.loader import Loader
    from model.data.worker import BatchMaker, BatchTask, Slot

    refuse_other_picture(job.picture)
    if job.batch < 0:
        raise ValueError(f"there is no batch {job.batch}: they are counted from 0")
    order = replace(job.loader.order, where=(*job.loader.order.where, *job.where))
    endless = replace(job.loader, order=order, workers=0, epochs=None, max_unfit=2**31, latents=None)
    loader = Loader(job.data, endless)
    loader.position = advance(loader.position, job.batch, loader.order.slots_of)
    for line in loader.table().split("\n"):
        console.print(line, highlight=False)
    maker, parts, faults = BatchMaker(loader.roots, loader.settings), list[Picture](), list[Unfit]()
    for shown in chosen_slots(loader, job, console) if job.is_made else [whole_slot(loader, job.batch)]:
        batch = maker[BatchTask(slot=shown.slot, upcoming=Slot())]
        parts += drawn(batch, shown)
        faults += batch.faults
        console.print(shown.title, highlight=False)
    job.picture.parent.mkdir(parents=True, exist_ok=True)
    write_picture(job.picture, below(parts, gap=16))
    for fault in faults:
        console.print(f"left out: {fault}", style="red", highlight=False, markup=False)
    console.print(f"wrote {job.picture}", highlight=False, soft_wrap=True)
    return ExitCode.FAILED_ITEMS if faults else ExitCode.WHOLE


def whole_slot(loader: Loader, batch: int) -> TitledSlot:
    """The batch at a loader's position, of this number."""
    place = loader.position
    slot = loader.slot(place)
    title = f"batch {batch}: epoch {place.epoch}, slot {place.slot}, {len(slot.draws)} samples"
    return TitledSlot(title, slot)


def chosen_slots(loader: Loader, choice: Choice, console: Console) -> Iterator[TitledSlot]:
    """The chosen samples, each alone, as the first batch from a loader's position on has it.

    Those that no batch has are told.

    Raises:
        ValueError: as `jobs.choice.chosen`, or no batch has any of them.
    """
    (index,) = loader.drawn.index.parts
    number_of = {key: number for number, key in enumerate(index.table["key"].to_pylist())}
    wanted = [number_of[row.key] for row in chosen(choice, index, MOST)]
    places = {number: first_place(loader, number) for number in wanted}
    undrawn = [index.row(number).key for number in wanted if places[number] is None]
    if undrawn:
        message = f"in none of {EPOCHS} epochs, for their length, canvas or group: {', '.join(undrawn)}"
        if len(undrawn) == len(wanted):
            raise ValueError(message)
        console.print(message, highlight=False)
    for number, (place, nth) in ((number, at) for number, at in places.items() if at is not None):
        slot = loader.slot(place)
        alone = replace(slot, draws=slot.draws[nth : nth + 1], rows=slot.rows[nth : nth + 1])
        yield TitledSlot(f"{index.row(number).key}: epoch {place.epoch}, slot {place.slot}", alone)


def first_place(loader: Loader, number: int) -> tuple[Position, int] | None:
    """The first slot from a loader's position on that draws a sample, and which of its draws that is."""
    begin = loader.position
    for epoch in range(begin.epoch, begin.epoch + EPOCHS):
        order = loader.order.epoch(epoch)
        passed = order.bounds[begin.slot] if epoch == begin.epoch else 0
        found = passed + np.flatnonzero(order.row[passed:] == number)
        if len(found):
            slot = int(np.searchsorted(order.bounds, found[0], side="right")) - 1
            return replace(begin, epoch=epoch, slot=slot), int(found[0] - order.bounds[slot])
    return None


def drawn(batch: Batch, shown: TitledSlot) -> list[Picture]:
    """What a batch shows, below its title."""
    files = {found.row.key: file_of(found.row) for found in shown.slot.rows}
    strips = [strip(batch, number, files[key]) for number, key in enumerate(batch.keys)]
    lost = [label([f"left out: {fault}"], SHEET_PX) for fault in batch.faults]
    return [label([shown.title], SHEET_PX), *strips, *lost]


def strip(batch: Batch, number: int, file: str) -> Picture:
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
    return below(
        [label(facts(batch, number, file), max(frames.shape[1], SHEET_PX)), frames, maps, faces, stills]
    )


def facts(batch: Batch, number: int, file: str) -> list[str]:
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
        f"withheld: {', '.join(withheld) or 'nothing'}   file: {file}",
        "rows: video under its controls, controls, faces, references",
    ]
