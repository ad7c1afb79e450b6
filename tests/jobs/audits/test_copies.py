"""Copies are found by few different bits, over others too; who is on both sides of training is told."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from dataset.index import Index
from jobs.audits.compared import driven_by_themselves, first_elsewhere, on_both_sides
from jobs.audits.copies import ALIKE_BITS, copies


def changed(prints: bytes, bits: int, seed: int) -> bytes:
    """A fingerprint with so many other bits."""
    found = np.unpackbits(np.frombuffer(prints, np.uint8))
    found[np.random.default_rng(seed).choice(192, bits, replace=False)] ^= 1
    return np.packbits(found).tobytes()


def test_few_bits_apart_is_a_copy_and_many_is_none() -> None:
    random = np.random.default_rng(0)
    strangers = [random.bytes(24) for _ in range(500)]
    given = [*strangers, *(changed(strangers[n], ALIKE_BITS, n) for n in range(100))]
    given += [changed(strangers[n], ALIKE_BITS + 1, n) for n in range(100, 200)]
    found = copies([one.hex() for one in given])
    assert (found[500:600] == found[:100]).all()
    assert len(np.unique(found)) == 600  # all others are alone


def test_copies_of_copies_are_one_group() -> None:
    one = np.random.default_rng(1).bytes(24)
    chain = [one]
    for step in range(5):
        chain.append(changed(chain[-1], 8, step))
    assert len(np.unique(copies([part.hex() for part in chain]))) == 1
    assert len(copies([one.hex()])) == 1


def test_a_person_on_both_sides_leaks_with_all_of_its_samples() -> None:
    who = np.array([0, 0, 1, 1, 2])
    held = np.array([True, False, True, True, False])
    assert on_both_sides(who, held).tolist() == [True, True, False, False, False]


def test_the_first_copy_of_another_source_is_named() -> None:
    group, source = np.array([5, 5, 5, 7]), np.array([0, 0, 1, 1])
    assert first_elsewhere(group, source).tolist() == [2, 2, 0, -1]


def test_what_drives_itself_is_told_of_one_source_and_of_copies() -> None:
    sources = pa.array(["a", "a", "b"]).dictionary_encode()
    rows = {"key": ["a-1", "a-2", "b-1"], "source_sha256": sources, "start_s": [0.0, 2.0, 0.0]}
    index = Index("", "", pa.table(rows))
    pairs = pa.table(
        {
            "driver_key": ["a-1", "a-1", "a-1", "b-1", "gone"],
            "driver_start": [0, 30, 0, 0, 0],
            "target_key": ["a-2", "a-2", "b-1", "a-2", "a-1"],
            "target_start": [0, 0, 40, 0, 0],
            "frames": [25] * 5,
        }
    )
    found = driven_by_themselves(index, np.array([0, 2, 0]), pairs)
    assert found.to_pylist() == [
        0,
        1,
        1,
    ]  # from frame 30 on they share a moment; copies do wherever they begin
    assert driven_by_themselves(index, np.array([0, 2, 0]), None).to_pylist() == [None] * 3
