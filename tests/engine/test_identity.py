"""Settings are told by what answers depend on: no placement, and files by what is in them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest

from engine.identity import identity
from schemas.placement import placement


@dataclass(frozen=True, kw_only=True)
class Inner:
    share: float = 0.5


@dataclass(frozen=True, kw_only=True)
class Model:
    version: ClassVar[int] = 1
    weights: Path | None = None
    score: float = 0.5
    device: str = placement("cpu")
    inner: Inner = Inner()


def test_where_and_how_fast_is_no_part_of_it() -> None:
    assert identity(Model(device="cuda")) == identity(Model())
    assert identity((Model(device="cuda"), 1)) == identity((Model(), 1))
    assert identity(Model(score=0.4)) != identity(Model())
    assert identity(Model(inner=Inner(share=0.4))) != identity(Model())


def test_the_version_of_a_class_is(monkeypatch: pytest.MonkeyPatch) -> None:
    before = identity((Model(),))
    monkeypatch.setattr(Model, "version", 2)
    assert identity((Model(),)) != before


def test_weights_are_what_is_in_the_file_whatever_its_name(tmp_path: Path) -> None:
    one, other = tmp_path / "one.pt", tmp_path / "other.pt"
    one.write_bytes(b"weights")
    other.write_bytes(b"weights")
    before = identity(Model(weights=one))
    assert identity(Model(weights=other)) == before
    one.write_bytes(b"Weights")
    os.utime(one, ns=(1, 1))
    assert identity(Model(weights=one)) != before
    assert identity(Model(weights=tmp_path / "none.pt")) not in {before, identity(Model())}


def test_of_a_folder_names_and_contents_count(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.npz").write_bytes(b"1")
    before = identity(tmp_path / "a")
    (tmp_path / "a" / "2.npz").write_bytes(b"2")
    assert identity(tmp_path / "a") != before
