"""The order of data sets under some settings: its epochs, dealt when they are asked for, and its digest."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict

import numpy as np

from dataset.deny import denied
from model.data.batch import num_bytes
from model.data.epoch_order import Epoch, OrderSettings, epoch_order
from model.data.epoch_report import as_text, lines
from model.data.mixture import MixedSamples, mixed_table
from model.data.reference_rule import ReferenceRule
from model.data.window_lengths import lengths

LATE = ("where", "deny", "area", "weights")
"""Settings that came later: where they are not given, the digest is as it was without them."""
EPOCHS_HELD = 2
"""A step may end one epoch and begin the next."""


class Order:
    """The endless row of slots that samples, settings, the rule of references and a seed give."""

    def __init__(self, index: MixedSamples, settings: OrderSettings, shown: ReferenceRule, seed: int) -> None:
        self.settings, self.shown = settings, shown
        self.seed = seed
        self.samples = mixed_table(index, settings)
        order = {name: value for name, value in asdict(settings).items() if name not in LATE or value}
        if settings.deny:  # not where it lies, but what it says
            order["deny"] = sorted(denied(settings.deny))
        result = {"index": index.digest, "order": order, "references": asdict(shown), "seed": seed}
        self.digest = hashlib.sha256(json.dumps(result, sort_keys=True).encode()).hexdigest()
        self.dealt: dict[int, Epoch] = {}
        self.num_slots: dict[int, int] = {}

    def epoch(self, number: int) -> Epoch:
        """The slots of an epoch."""
        if number not in self.dealt:
            if len(self.dealt) == EPOCHS_HELD:
                del self.dealt[min(self.dealt)]
            self.dealt[number] = epoch_order(self.samples, self.settings, self.seed, number, self.shown)
            self.num_slots[number] = len(self.dealt[number])
        return self.dealt[number]

    def slots_of(self, epoch: int) -> int:
        """Number of slots of an epoch."""
        if epoch not in self.num_slots:
            self.epoch(epoch)
        return self.num_slots[epoch]

    def table(self, epoch: int) -> str:
        """What an epoch keeps, repeats and leaves out, and which windows it shows, for a person."""
        dealt = self.epoch(epoch)
        return as_text(lines(self.samples, self.settings, dealt), lengths(self.samples, dealt))

    def largest_bytes(self, epoch: int, *, baked: bool) -> int:
        """Memory of the largest batch of an epoch, with stored maps or without."""
        dealt = self.epoch(epoch)
        first = dealt.bounds[:-1]
        row = dealt.row[first]
        sizes = num_bytes(
            np.diff(dealt.bounds),
            dealt.frames[first],
            self.samples.height[row],
            self.samples.width[row],
            baked=baked,
        )
        return int(sizes.max())
