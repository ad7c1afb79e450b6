"""Making batches: a task names a slot's samples, a maker in any process turns it into a batch."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from torch.utils.data import Dataset, get_worker_info

from dataset.reader import Reader
from model.data.batch import NO_LATENTS, Batch, Pages
from model.data.epoch_order import Draw
from model.data.faults import Unfit
from model.data.latents import FoundLatents, latents_in
from model.data.prefetch import Prefetcher
from model.data.sample import Encoded, fill
from model.data.settings import LoaderSettings
from schemas.index import IndexRow
from schemas.outcome import UnfitError

MIB = 2**20


@dataclass(frozen=True, kw_only=True)
class Slot:
    """The draws of a batch, and where what they show lies."""

    draws: tuple[Draw, ...] = ()
    rows: tuple[IndexRow, ...] = ()
    shape: tuple[int, int, int] = (0, 0, 0)
    """Frames, height and width of what is shown, also where nothing of it is left to be drawn."""
    latents: tuple[FoundLatents, ...] = ()
    """One a draw, or none where pictures are to be decoded."""


@dataclass(frozen=True, kw_only=True)
class BatchTask:
    """All that a worker needs to make the batch of one slot."""

    slot: Slot
    upcoming: Slot
    """The one that the same worker will be given next."""


class BatchMaker(Dataset[Batch]):
    """Turns tasks into batches, in a worker or in the rank's own process."""

    def __init__(self, root: str, settings: LoaderSettings) -> None:
        self.root = root
        self.settings = settings

    @cached_property
    def samples(self) -> Prefetcher:
        """The data set, opened where it is used."""
        return self.ahead(self.root)

    @cached_property
    def latents(self) -> Prefetcher:
        """The stored latents, opened where they are used."""
        assert self.settings.latents is not None, (
            "only where they are asked for is any draw given its latents"
        )
        return self.ahead(self.settings.latents.root)

    def ahead(self, root: str) -> Prefetcher:
        """A folder of tars, read ahead of need."""
        return Prefetcher(Reader(root, verify=self.settings.verify), self.settings.fetch_ahead_mib * MIB)

    def __getitem__(self, task: BatchTask) -> Batch:
        """The batch of a slot, without the samples that cannot be shown."""
        slot, upcoming = task.slot, task.upcoming
        self.samples.expect(slot.rows + upcoming.rows)
        if slot.latents or upcoming.latents:
            self.latents.expect([row for found in slot.latents + upcoming.latents for row in found])
        pages = pages_of(slot, baked=self.settings.sample.maps == "baked")
        faults = []
        for number, (row, draw) in enumerate(zip(slot.rows, slot.draws, strict=True)):
            try:
                encoded = self.encoded(slot.latents[number]) if slot.latents else None
                fill(pages.next_page(), row, self.samples.take(row), draw, self.settings.sample, encoded)
            except UnfitError as error:
                faults.append(Unfit(key=row.key, shard=row.shard, reason=error.reason, detail=error.detail))
            else:
                pages.keep(row.key, draw.start)
        return pages.batch(tuple(faults))

    def encoded(self, found: FoundLatents) -> Encoded:
        """Stored latents."""
        return Encoded(*(latents_in(row, self.latents.take(row)) for row in found))


def pages_of(slot: Slot, *, baked: bool) -> Pages:
    """Memory for the batch of a slot, with stored maps or without."""
    latent = NO_LATENTS
    if slot.latents:
        first = slot.latents[0].window
        latent = (first.channels, first.times, first.height, first.width)
    shared = get_worker_info() is not None
    return Pages(len(slot.draws), *slot.shape, shared=shared, latent=latent, baked=baked)
