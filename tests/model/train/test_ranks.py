"""What ranks compare before their first step."""

from __future__ import annotations

import pytest

from model.train.ranks import of_all, of_first, refuse_unlike


def test_a_rank_alone_decides_and_agrees() -> None:
    assert of_first("a") == "a"
    assert of_all(3) == [3]
    refuse_unlike([{"the index": "a"}])


def test_what_differs_is_named_with_its_rank() -> None:
    found = [{"the index": "a" * 64, "the settings": "b"}, {"the index": "a" * 64, "the settings": "b"}]
    refuse_unlike(found)
    found[1]["the index"] = "c" * 64
    with pytest.raises(ValueError, match=r"the index is a{12} for rank 0 and c{12} for rank 1: all have to"):
        refuse_unlike(found)
