"""One is made while one is used, and never more: told by events, not by times."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from media.ahead import ahead


def test_the_next_is_made_while_one_is_used() -> None:
    made = [threading.Event() for _ in range(4)]

    def making() -> Iterator[int]:
        for number, event in enumerate(made):
            event.set()
            yield number

    used = []
    for number in ahead(making()):
        used.append(number)
        if number < 3:
            assert made[number + 1].wait(60)
        assert not any(event.is_set() for event in made[number + 2 :])
    assert used == [0, 1, 2, 3]


def test_what_goes_wrong_is_raised_in_its_place() -> None:
    def making() -> Iterator[int]:
        yield 1
        raise KeyError("a broken picture")

    items = ahead(making())
    assert next(items) == 1
    with pytest.raises(KeyError, match="a broken picture"):
        next(items)


def test_who_has_enough_leaves_no_thread() -> None:
    items = ahead(iter(range(100)))
    next(items)
    items.close()  # type: ignore[attr-defined]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ahead")]
