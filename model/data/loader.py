"""Batches for one rank, from any position of the order, made by any number of workers.

The order lives in the rank's own process, which hands one slot at a time to its workers and takes the batches
back in the order of the slots. So the order knows nothing of workers, and the position after a batch is that
of the batch, however far ahead others are being made.
"""

from __future__ import annotations

import itertools
import logging
import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from model.data.augment import is_mirrored
from model.data.batch import Batch
from model.data.data_order import Order
from model.data.epoch_report import check
from model.data.faults import TooManyUnfit, Unfit
from model.data.latents import Latents
from model.data.mixture import read_drawn, unfit_tars
from model.data.position import Position, advance, from_state, slots_left, slots_of_rank
from model.data.prefetch import Stored
from model.data.sample_rng import SampleRng
from model.data.settings import LoaderSettings
from model.data.shared_memory import shared_memory
from model.data.worker import MIB, BatchMaker, BatchTask, Slot
from schemas.index import IndexRow
from schemas.version import DRAWING
from schemas.visible import visible

LOG = logging.getLogger(__name__)
CONTEXT = multiprocessing.get_context("forkserver")
"""Workers are born of a process without threads, CUDA or open connections, whatever the trainer holds."""
PRELOAD = ["understudy", "model.data.worker"]
CONTEXT.set_forkserver_preload(PRELOAD)


class Loader(IterableDataset[Batch]):
    """The batches of one rank, in order, from a position that can be saved and restored.

    Every rank of a run is given the same data and settings, and takes as many steps as every other. `data` is
    a data set or several, mixed by the order's weights: a batch may show samples of several. Where
    a trainer wants PyTorch's own class: `DataLoader(loader, batch_size=None)`.

    The order is that of the newest indexes, or of those of some digests, one for each data set: then samples
    are read where the newest says that they lie, and those that are withdrawn are left out.

    Raises (at birth):
        ValueError: no index of this schema, a group without samples, too many samples dropped, a tar that is
            missing or cut off, or no latents where they should be.
        OSError: the storage does not answer.
    """

    def __init__(
        self,
        data: str | tuple[str, ...],
        settings: LoaderSettings,
        *,
        rank: int = 0,
        world_size: int = 1,
        indexes: tuple[str, ...] = (),
    ) -> None:
        if not 0 <= rank < world_size:
            raise ValueError(f"rank {rank} of {world_size}")
        self.roots, self.indexes = (data,) if isinstance(data, str) else data, indexes
        self.settings, self.rank, self.world_size = settings, rank, world_size
        self.drawn = read_drawn(self.roots, settings.order, indexes)
        self.num_withdrawn = int(np.count_nonzero(self.drawn.place < 0))
        self.order = Order(self.drawn.index, settings.order, settings.sample.references, settings.seed)
        self.stored = replace(self.order.samples, ident=self.drawn.idents_now())
        """What the order depends on, but for the bytes: those of the newest indexes."""
        self.position = Position(order=self.order.digest)
        self.unfit: list[Unfit] = []
        latents = settings.latents
        self.latents = Latents(latents.roots, latents.vae) if latents else None
        self.captions = Latents(latents.roots, latents.captions) if latents and latents.captions else None
        self.covered: dict[int, NDArray[np.bool_]] = {}
        check(self.order.samples, settings.order)
        refuse_tail(self)
        if self.num_withdrawn:
            gone = f"{self.num_withdrawn} of {len(self.drawn.index)} samples are withdrawn, and left out"
            LOG.warning(visible(f"{self.named}: {gone}"))
        for line in unfit_tars(self.drawn.present):
            if settings.max_unfit == 0:
                raise ValueError(line)
            LOG.warning(visible(line))

    @property
    def named(self) -> str:
        """The data sets, for a person."""
        return ", ".join(self.roots)

    def table(self) -> str:
        """What the epoch of the position keeps, repeats and leaves out, and which windows it shows."""
        return self.order.table(self.position.epoch)

    @property
    def steps(self) -> int | None:
        """Steps that are left, the same number for every rank; None: without end."""
        if self.settings.epochs is None:
            return None
        return slots_left(self.position, self.settings.epochs, self.order.slots_of) // self.world_size

    def __len__(self) -> int:
        """Steps that are left.

        Raises:
            TypeError: there is no end, as with any data set without one.
        """
        if self.steps is None:
            raise TypeError("the loader has no end: LoaderSettings(epochs=...) gives it one")
        return self.steps

    def __bool__(self) -> bool:
        """True, also without an end or at it."""
        return True

    def state_dict(self) -> dict[str, Any]:
        """Where training goes on after the last batch that was given out: one record, alike on all ranks."""
        return {**self.position.as_state(), "drawing": DRAWING}

    def load_state_dict(self, state: dict[str, Any], *, new_epoch: bool = False) -> None:
        """Go on from a saved position, whatever the number of ranks and workers that saved it.

        With `new_epoch`, from the next epoch where the data set or its order is another than then.

        Raises:
            ValueError: it belongs to another order, or to maps drawn by other rules, or leaves a tail that
                these ranks would drop.
        """
        position = from_state(state, self.order.digest, new_epoch=new_epoch)
        if state.get("drawing") != DRAWING:
            raise ValueError(
                f"trained on maps of drawing rules {state.get('drawing')}; this code draws by {DRAWING}"
            )
        if position.slot >= self.order.slots_of(position.epoch):
            raise ValueError(f"the loader state tells of slot {position.slot}, which its epoch does not have")
        self.position = position
        refuse_tail(self)

    def __iter__(self) -> Iterator[Batch]:
        """The batches from the position on.

        Raises:
            TooManyUnfit: more samples are unfit than the settings allow.
            RuntimeError: this is a worker of another loader, which would make every batch again.
        """
        if get_worker_info() is not None:
            raise RuntimeError("the loader makes workers of its own: DataLoader(loader, batch_size=None)")
        workers = self.settings.workers
        batches = DataLoader(
            BatchMaker(self.roots, self.settings),
            sampler=self.tasks(),
            batch_size=None,
            collate_fn=as_it_is,
            num_workers=workers,
            prefetch_factor=batches_ahead(self) if workers else None,
            multiprocessing_context=CONTEXT if workers else None,
            worker_init_fn=die_with_trainer,
            pin_memory=self.settings.pin,
        )
        for batch in batches:
            self.position = advance(self.position, self.world_size, self.order.slots_of)
            self.note(batch.faults)
            yield batch

    def tasks(self) -> Iterator[BatchTask]:
        """A task for each step of the rank from the position on."""
        places = slots_of_rank(self.position, self.rank, self.world_size, self.order.slots_of)
        waiting: deque[Slot] = deque()
        turn = max(self.settings.workers, 1)  # a worker is given every so manieth task
        for place in itertools.islice(places, self.steps):
            waiting.append(self.slot(place))
            if len(waiting) > turn:
                yield BatchTask(slot=waiting.popleft(), upcoming=waiting[-1])
        for slot in waiting:
            yield BatchTask(slot=slot, upcoming=Slot())

    def slot(self, place: Position) -> Slot:
        """What a slot shows, and where that lies."""
        shown = self.order.epoch(place.epoch).slot(place.slot)
        drawn, samples, first = self.drawn, self.order.samples, shown[0].row
        draws = tuple(draw for draw in shown if drawn.place[draw.row] >= 0)
        rows = tuple(self.at(int(drawn.place[draw.row])) for draw in draws)
        stored, canvas = drawn.index.row(first), (int(samples.height[first]), int(samples.width[first]))
        captions = self.captions.captions(at.row for at in rows) if self.captions else ()
        slot = Slot(draws=draws, rows=rows, shape=(shown[0].frames, *canvas), captions=captions)
        if self.latents is None or canvas != (stored.height, stored.width):
            return slot  # shrunk canvases have no latents
        if not self.encoded(self.latents, place.epoch)[place.slot]:
            return slot
        rule = self.settings.sample.augment
        found = tuple(
            self.latents.found(at.row, d.start, d.frames, mirrored=is_mirrored(SampleRng(d.seed), rule))
            for at, d in zip(rows, draws, strict=True)
        )
        return replace(slot, latents=found)

    def at(self, number: int) -> Stored[IndexRow]:
        """Where a sample of the newest indexes lies."""
        return Stored(self.drawn.newest.data_set_of(number), self.drawn.newest.row(number))

    def encoded(self, latents: Latents, epoch: int) -> NDArray[np.bool_]:
        """For each slot of an epoch, whether all of it has latents; what has none is said once."""
        if epoch not in self.covered:
            mirrored = self.settings.sample.augment.mirror > 0
            self.covered = {epoch: latents.slots(self.stored, self.order.epoch(epoch), mirrored=mirrored)}
            whole = bool(self.covered[epoch].all())
            LOG.log(
                logging.INFO if whole else logging.WARNING,
                visible(latents.coverage(self.covered[epoch], epoch)),
            )
        return self.covered[epoch]

    def note(self, faults: tuple[Unfit, ...]) -> None:
        """Count samples that were left out, and stop where they are too many."""
        for fault in faults:
            LOG.warning("left out: %s", fault)
        self.unfit += faults
        allowed = self.settings.max_unfit
        if len(self.unfit) > allowed:
            raise TooManyUnfit(
                f"{len(self.unfit)} unfit samples, {allowed} allowed; the last: {self.unfit[-1]}"
            )


def refuse_tail(loader: Loader) -> None:
    """Returns where the end of the last epoch, too short for a step of all ranks, is small enough.

    Raises:
        ValueError: it holds more than the settings' share of the samples.
    """
    epochs, most = loader.settings.epochs, loader.settings.order.max_dropped
    if epochs is None:
        return
    last = loader.order.epoch(epochs - 1)
    over = slots_left(loader.position, epochs, loader.order.slots_of) % loader.world_size
    samples = int(last.bounds[-1] - last.bounds[max(len(last) - over, 0)])
    if samples > most * len(loader.drawn.index):
        raise ValueError(
            f"the last {samples} of {len(loader.drawn.index)} samples do not fill a step of "
            f"{loader.world_size} ranks and would be dropped; max_dropped is {most:.1%}"
        )


def batches_ahead(loader: Loader) -> int:
    """Batches that each worker makes ahead, two at most, so that the largest fit into memory together.

    Raises:
        ValueError: not even one each does, into what the settings allow or what processes can share.
    """
    settings = loader.settings
    baked = settings.sample.maps == "baked"
    largest = loader.order.largest_bytes(loader.position.epoch, baked=baked)
    each = settings.batches_ahead_mib * MIB // (largest * settings.workers)
    if each < 1:
        raise ValueError(
            f"{settings.workers} workers make a batch of up to {largest / MIB:.0f} MiB each; "
            f"batches_ahead_mib is {settings.batches_ahead_mib}: allow "
            f"{-(-largest * settings.workers // MIB)}, or take fewer workers"
        )
    shared = shared_memory()
    return min(each, 2) if shared is None else min(each, 2, shared.batches_each(largest, settings.workers))


def die_with_trainer(_: int) -> None:
    """Let this worker end when the process that it works for does, even killed.

    The worker's parent is the fork server, which lives for as long as its workers do: without this, a killed
    trainer would leave both behind, with their memory.
    """
    trainer = multiprocessing.parent_process()
    assert trainer is not None, "only workers are initialised"
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the trainer, told too, ends its step with our batch
    sentinel = trainer.sentinel

    def watch() -> None:
        multiprocessing.connection.wait([sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def as_it_is(batch: Any) -> Any:
    """The batch: it was put together where it was made."""
    return batch
