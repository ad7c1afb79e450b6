"""Records out of plain values: what does not fit is named, and no more of it than a line holds."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from storage.records import MOST_FAULTS, read_as


@dataclass(frozen=True)
class Inner:
    width: int = 3


@dataclass(frozen=True)
class Outer:
    inner: Inner = Inner()
    name: str = ""


def test_names_that_there_are_not_are_passed_over_or_named() -> None:
    plain = {"inner": {"width": 4, "hight": 5}, "nam": "x"}
    assert read_as(Outer, plain, "f") == Outer(Inner(4))
    with pytest.raises(ValueError, match=r"^f \(inner.hight: no such name; nam: no such name\)$"):
        read_as(Outer, plain, "f", others="forbid")


def test_of_many_faults_some_are_told() -> None:
    plain = {f"x{i}": i for i in range(MOST_FAULTS + 4)}
    with pytest.raises(ValueError, match=r"x4: no such name; and 4 more\)$"):
        read_as(Outer, plain, "f", others="forbid")


def test_a_value_of_another_kind_is_named() -> None:
    with pytest.raises(ValueError, match=r"^f \(inner.width: .*integer"):
        read_as(Outer, {"inner": {"width": "wide"}}, "f")
