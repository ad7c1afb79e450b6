"""Making batches: a task names a slot's samples, a maker in any process turns it into a batch."""

from __future__ import annotations

from dataclasses import dataclass

from torch.utils.data import Dataset, get_worker_info

from model.data.ahead import Ahead
from model.data.batch import Batch, Pages
from model.data.deal import Draw
from model.data.faults import Fault, UnfitError
from model.data.read import Reader
from model.data.sample import fill
from model.data.settings import LoaderSettings
from schemas.index import IndexRow

MIB = 2**20


@dataclass(frozen=True, kw_only=True)
class Task:
    """All that a worker needs to make the batch of one slot."""

    draws: tuple[Draw, ...]
    rows: tuple[IndexRow, ...]
    upcoming: tuple[IndexRow, ...]  # of the slot that the same worker will be given next


class Maker(Dataset[Batch]):
    """Turns tasks into batches, in a worker or in the rank's own process."""

    def __init__(self, root: str, settings: LoaderSettings) -> None:
        self.root = root
        self.settings = settings
        self.ahead: Ahead | None = None  # opened where it is used

    def __getitem__(self, task: Task) -> Batch:
        """The batch of a slot, without the samples that cannot be shown."""
        if self.ahead is None:
            reader = Reader(self.root, verify=self.settings.verify)
            self.ahead = Ahead(reader, self.settings.fetch_ahead_mib * MIB)
        self.ahead.expect(task.rows + task.upcoming)
        row, draw = task.rows[0], task.draws[0]
        pages = Pages(
            len(task.draws), draw.frames, row.height, row.width, shared=get_worker_info() is not None
        )
        faults = []
        for row, draw in zip(task.rows, task.draws, strict=True):
            try:
                fill(pages.next_page(), row, self.ahead.take(row), draw, self.settings.sample)
            except UnfitError as error:
                faults.append(Fault(key=row.key, shard=row.shard, reason=error.reason, detail=error.detail))
            else:
                pages.keep(row.key, draw.start)
        return pages.batch(tuple(faults))
