"""Proof that what a phase does not teach did not move: digests of the live weights, then and now."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import torch

from model.nets.param_groups import Part, part
from model.train.phases import ActivePhase

Digests = dict[Part, str]


def digests(entered: ActivePhase) -> Digests:
    """By part, SHA-256 over names and bytes of all that does not learn, as this rank's network holds it."""
    sums: dict[Part, hashlib._Hash] = {}
    names = sorted(entered.still)
    for name, value in zip(names, entered.engine.weights(names), strict=True):
        digest = sums.setdefault(part(name), hashlib.sha256())
        digest.update(name.encode())
        digest.update(value.cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return {part: digest.hexdigest() for part, digest in sums.items()}


def prove(before: Mapping[Part, str], entered: ActivePhase) -> Digests:
    """The digests now.

    Raises:
        RuntimeError: a frozen weight has moved.
    """
    now = digests(entered)
    moved = [part for part in now if now[part] != before.get(part)]
    if moved:
        raise RuntimeError(
            f"frozen weights of {', '.join(moved)} have moved during this phase, which teaches others; "
            "nothing was saved"
        )
    return now
