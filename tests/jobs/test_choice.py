"""Which samples are looked at: by condition, key, order and number."""

from __future__ import annotations

from pathlib import Path

import pytest

from dataset.index import read_index
from jobs.choice import Choice, chosen


def keys(data_set: Path, most: int = 24, **how: object) -> list[str]:
    return [row.key for row in chosen(Choice(**how), read_index(data_set), most)]  # type: ignore[arg-type]


def test_samples_are_chosen_by_condition_key_and_order(data_set: Path) -> None:
    rows = read_index(data_set).rows()
    everything = [row.key for row in rows]
    assert keys(data_set, most=999) == everything
    assert keys(data_set, where=("framing=full",), most=999) == [
        row.key for row in rows if row.framing == "full"
    ]
    two = (everything[2], everything[0])
    assert keys(data_set, keys=two) == list(two)
    motions = sorted(row.motion for row in rows)
    by_key = {row.key: row for row in rows}
    assert [by_key[key].motion for key in keys(data_set, sort="motion", worst=3)] == motions[:3]
    assert [by_key[key].motion for key in keys(data_set, sort="-motion", most=2)] == motions[::-1][:2]
    similar = sorted(row.reference_similarity for row in rows)
    assert [by_key[key].reference_similarity for key in keys(data_set, worst=2)] == similar[:2]
    assert keys(data_set, sort="-extra.nobody", worst=1) == everything[:1]


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"keys": ("abc",)}, "no sample of the key abc"),
        ({"sort": "moton"}, "did you mean motion"),
        ({"worst": 0}, "1 is the least"),
        ({"where": ("frames>9999",)}, "no sample of"),
    ],
)
def test_what_chooses_nothing_is_refused(data_set: Path, how: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        keys(data_set, 24, **how)
