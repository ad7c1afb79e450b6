"""Listed files are changed where they stand, and who was killed at it is ended by the next call."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.ledger import Ledger
from pipeline.corpora.listing import LEG, enlist, relisted
from schemas.media import Listed
from schemas.origin import Origin
from storage.disk import aside
from storage.place import Place


def other(row: Listed) -> Listed:
    """A listed file; the first is told otherwise."""
    return replace(row, uri="elsewhere") if row.uri == "a" else row


def begun(folder: Path) -> Ledger:
    ledger = Ledger(folder)
    enlist(ledger, [Listed(key=name, uri=name, origin=Origin()) for name in "abc"], lambda: None)
    return ledger


def lying(ledger: Ledger) -> dict[str, bytes]:
    return {entry.name: ledger.place.read(entry.name) for entry in ledger.place.files()}


def test_one_that_was_killed_before_the_marker_is_ended_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, killed = begun(tmp_path / "whole"), begun(tmp_path / "killed")
    relisted(whole, other)

    def die(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Place, "write", die)
        with pytest.raises(KeyboardInterrupt):
            relisted(killed, other)
    aside(tmp_path / "killed" / "landings" / LEG / "part-000000.done").write_bytes(b"half")
    assert lying(killed) != lying(whole)
    relisted(killed, other)
    assert lying(killed) == lying(whole)


def test_nothing_is_written_where_nothing_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = begun(tmp_path)
    monkeypatch.setattr(Place, "put", None)
    monkeypatch.setattr(Place, "write", None)
    relisted(ledger, lambda row: row)
    assert [row.uri for row in ledger.rows(LEG, "000000", Listed)] == ["a", "b", "c"]
