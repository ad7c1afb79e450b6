"""What test_loader.py and test_loader_faults.py share."""

from __future__ import annotations

import itertools
from pathlib import Path

from dataset.index import read_index
from model.data.data_order import Order
from model.data.mixture import MixedSamples
from model.data.settings import LoaderSettings

Slot = tuple[tuple[str, int, int], ...]
"""Key, first frame and number of frames of each sample of a batch."""


def slot_of(batch) -> Slot:
    return tuple(
        (key, start, batch.video.shape[1]) for key, start in zip(batch.keys, batch.starts, strict=True)
    )


def planned(out: Path, settings: LoaderSettings, slots: range) -> list[Slot]:
    """What the order says of slots, counted from the first epoch on."""
    index = MixedSamples((read_index(out),))
    order = Order(index, settings.order, settings.sample.references, settings.seed)
    places = ((epoch, slot) for epoch in itertools.count() for slot in range(order.slots_of(epoch)))
    return [
        tuple((index.row(d.row).key, d.start, d.frames) for d in order.epoch(epoch).slot(slot))
        for epoch, slot in itertools.islice(places, slots.start, slots.stop)
    ]
