"""What fits together, and what files a stack names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest

from pipeline.estimators.mixtures import file_bytes, refuse_mixture


@dataclass(frozen=True)
class Gives:
    gives: ClassVar[frozenset[str]] = frozenset({"nose", "left_eye"})


@dataclass(frozen=True)
class Reads:
    reads: ClassVar[frozenset[str]] = frozenset({"nose", "tail", "wing", "fin", "horn"})
    weights: Path | None = None


def test_what_is_lacking_is_named() -> None:
    with pytest.raises(ValueError, match=r"Reads as body does not fit Gives .* fin, horn, tail and 1 more"):
        refuse_mixture({"person": Gives(), "body": Reads()})
    refuse_mixture({"person": Gives(), "body": Gives()})
    refuse_mixture({"person": Reads(), "body": Reads()})  # it does not say what it gives


def test_files_are_counted_where_they_are(tmp_path: Path) -> None:
    (tmp_path / "weights").write_bytes(b"12345")
    assert file_bytes(Reads(weights=tmp_path / "weights")) == 5
    assert file_bytes(Reads(weights=tmp_path / "none")) == file_bytes(Reads()) == 0
