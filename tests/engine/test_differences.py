"""Settings that were stored, against those that are asked for."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.differences import as_plain, differences
from schemas.placement import placement


@dataclass(frozen=True)
class Knobs:
    rate: float = 1.0
    shares: dict[str, float] = field(default_factory=dict)
    device: str = placement("cpu")


def test_an_entry_of_an_empty_mapping_is_a_difference() -> None:
    none, some = Knobs(), Knobs(shares={"motion": 0.5})
    assert differences(as_plain(none), none) == []
    assert {one.path for one in differences(as_plain(none), some)} == {"shares", "shares.motion"}
    assert {one.path for one in differences(as_plain(some), none)} == {"shares", "shares.motion"}


def test_placement_is_none() -> None:
    assert differences(as_plain(Knobs()), Knobs(device="cuda")) == []
    (one,) = differences(as_plain(Knobs()), Knobs(rate=2.0))
    assert str(one) == "--settings.rate: 1.0 before, 2.0 now"
