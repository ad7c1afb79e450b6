from __future__ import annotations

import pytest

from jobs.console.observers import all_of


class Recorder:
    def __init__(self, name: str, calls: list[tuple[str, int, str]]) -> None:
        self.name, self.calls = name, calls

    def stepped(self, number: int, *, text: str) -> None:
        self.calls.append((self.name, number, text))


def test_every_observer_is_told_in_order() -> None:
    calls: list[tuple[str, int, str]] = []
    all_of(Recorder("a", calls), Recorder("b", calls)).stepped(3, text="x")
    assert calls == [("a", 3, "x"), ("b", 3, "x")]


def test_a_method_that_one_lacks_is_called_on_none() -> None:
    calls: list[tuple[str, int, str]] = []
    with pytest.raises(AttributeError):
        all_of(Recorder("a", calls), object()).stepped(3, text="x")  # type: ignore[attr-defined]
    assert calls == []
