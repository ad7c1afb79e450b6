"""Deny lists, and an index without what they name."""

from __future__ import annotations

from pathlib import Path

import pytest

from dataset.deny import denied
from dataset.index import read_index


def test_the_first_word_of_a_line_is_a_key(tmp_path: Path) -> None:
    (tmp_path / "deny.txt").write_text("a-1\tcopies,leak\n\nb-2\n")
    assert denied(str(tmp_path / "deny.txt")) == {"a-1", "b-2"}


def test_what_is_no_list_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "deny.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(ValueError, match="no deny list"):
        denied(str(tmp_path / "deny.txt"))
    with pytest.raises(FileNotFoundError):
        denied(str(tmp_path / "nothing.txt"))


def test_an_index_without_keys_keeps_its_order(data_set: Path) -> None:
    index = read_index(data_set)
    keys = [row.key for row in index.rows()]
    assert [row.key for row in index.without(frozenset(keys[1:3])).rows()] == [keys[0], *keys[3:]]
    assert index.without(frozenset()) is index
    with pytest.raises(ValueError, match="every sample"):
        index.without(frozenset(keys))
