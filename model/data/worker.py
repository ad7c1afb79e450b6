"""Making batches: a task names a slot's samples, a maker in any process turns it into a batch."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from torch.utils.data import Dataset, get_worker_info

from dataset.reader import Reader
from model.data.batch import NO_LATENTS, Batch, Pages
from model.data.epoch_order import Draw
from model.data.faults import Unfit
from model.data.latents import FoundLatents, Halves, latents_in
from model.data.prefetch import Prefetcher, Stored
from model.data.sample import Encoded, fill
from model.data.settings import LoaderSettings
from schemas.index import IndexRow
from schemas.latents import LatentRow
from schemas.outcome import UnfitError

MIB = 2**20


@dataclass(frozen=True, kw_only=True)
class Slot:
    """The draws of a batch, and where what they show lies."""

    draws: tuple[Draw, ...] = ()
    rows: tuple[Stored[IndexRow], ...] = ()
    shape: tuple[int, int, int] = (0, 0, 0)
    """Frames, height and width of what is shown, also where nothing of it is left to be drawn."""
    latents: tuple[FoundLatents, ...] = ()
    """One a draw, or none where pictures are to be decoded."""
    captions: tuple[Stored[LatentRow] | None, ...] = ()
    """One a draw, or none where no draw has a caption."""

    @property
    def encoded(self) -> list[Stored[LatentRow]]:
        """All that is to be read of what is stored of the samples."""
        return [*(row for found in self.latents for row in found), *(row for row in self.captions if row)]


@dataclass(frozen=True, kw_only=True)
class BatchTask:
    """All that a worker needs to make the batch of one slot."""

    slot: Slot
    upcoming: Slot
    """The one that the same worker will be given next."""


class BatchMaker(Dataset[Batch]):
    """Turns tasks into batches, in a worker or in the rank's own process."""

    def __init__(self, roots: tuple[str, ...], settings: LoaderSettings) -> None:
        self.roots = roots
        self.settings = settings

    @cached_property
    def samples(self) -> Prefetcher:
        """The data sets, opened where they are used."""
        return self.ahead(self.roots)

    @cached_property
    def latents(self) -> Prefetcher:
        """The stored latents, opened where they are used."""
        assert self.settings.latents is not None, (
            "only where they are asked for is any draw given its latents"
        )
        return self.ahead(self.settings.latents.roots)

    def ahead(self, roots: tuple[str, ...]) -> Prefetcher:
        """Folders of tars, read ahead of need."""
        readers = [Reader(root, verify=self.settings.verify) for root in roots]
        return Prefetcher(readers, self.settings.fetch_ahead_mib * MIB)

    def __getitem__(self, task: BatchTask) -> Batch:
        """The batch of a slot, without the samples that cannot be shown."""
        slot, upcoming = task.slot, task.upcoming
        self.samples.expect(slot.rows + upcoming.rows)
        if encoded := slot.encoded + upcoming.encoded:
            self.latents.expect(encoded)
        pages = pages_of(slot, baked=self.settings.sample.maps == "baked")
        faults = []
        for number, (found, draw) in enumerate(zip(slot.rows, slot.draws, strict=True)):
            row = found.row
            try:
                stored = self.stored(slot, number)
                fill(pages.next_page(), row, self.samples.take(found), draw, self.settings.sample, stored)
            except UnfitError as error:
                faults.append(Unfit(key=row.key, shard=row.shard, reason=error.reason, detail=error.detail))
            else:
                pages.keep(row.key, draw.start)
        return pages.batch(tuple(faults))

    def stored(self, slot: Slot, number: int) -> Encoded:
        """What is stored of a draw."""
        latents = slot.latents[number] if slot.latents else ()
        caption = slot.captions[number] if slot.captions else None
        window, references = (self.read(one) for one in latents) if latents else (None, None)
        return Encoded(window, references, None if caption is None else self.read(caption)[..., 0, 0])

    def read(self, one: Stored[LatentRow]) -> Halves:
        """Stored latents."""
        return latents_in(one.row, self.latents.take(one))


def pages_of(slot: Slot, *, baked: bool) -> Pages:
    """Memory for the batch of a slot, with stored maps or without."""
    latent = NO_LATENTS
    if slot.latents:
        first = slot.latents[0].window.row
        latent = (first.channels, first.times, first.height, first.width)
    caption = next((one.row.channels for one in slot.captions if one is not None), 0)
    shared = get_worker_info() is not None
    return Pages(len(slot.draws), *slot.shape, shared=shared, latent=latent, caption=caption, baked=baked)
