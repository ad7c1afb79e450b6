"""Conservation in the markers of landings, from step to step and from leg to leg."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.audit_landings import LegNames, losses, read_landings
from engine.runners.inline import run
from storage.place import Place
from tests.engine.runners.odd import diamond, listing
from tests.engine.runners.test_inline import Seen


def steps(*result: tuple[str, int, int, int, dict[str, int]]) -> dict[str, Any]:
    """A marker of steps, each told as its name, offered, kept, gave and reasons."""
    names = ("step", "offered", "kept", "gave", "reasons")
    return {"rows": result[-1][3], "steps": [dict(zip(names, step, strict=True)) for step in result]}


@pytest.mark.parametrize(
    ("pick", "found"),
    [
        (("pick", 3, 2, 2, {"bad": 1}), []),
        (("pick", 3, 3, 3, {"bad": 1}), ["pick was offered 3, kept 3, rejected 1"]),
        (("pick", 2, 1, 1, {"bad": 1}), ["group passed on 3, pick was offered 2"]),
        (
            ("pick", 3, 1, 1, {"bad": 2}),
            ["pick tells of rejects {('pick', 'bad'): 2}, its rows of {('pick', 'bad'): 1}"],
        ),
    ],
)
def test_items_are_followed_from_step_to_step_and_groups_by_their_members(
    pick: Any, found: list[str]
) -> None:
    """One file is cut to three clips, which form two groups, of which a member is rejected."""
    leg = LegNames("leg", ("cut", "group", "pick"), frozenset({"group"}))
    marker = steps(("cut", 1, 1, 3, {}), ("group", 3, 3, 2, {}), pick)
    assert list(losses(marker, leg, Counter({("pick", "bad"): 1}))) == found


def test_what_two_legs_gave_is_what_is_offered_to_the_one_that_joins_them(tmp_path: Path) -> None:
    ledger = listing(tmp_path, *(f"/v/fine-{number}" for number in range(4)))
    legs = diamond()
    run(legs, ledger, Seen(), clock=float, unseal=lambda: None, gpus=int)
    names = [
        LegNames(leg.name, tuple(step.name for step in leg.steps), frozenset({"together"}), leg.after)
        for leg in legs
    ]
    place = Place.at(tmp_path)
    (tmp_path / "landings" / "listing").rename(tmp_path / "listing")  # no leg of theirs
    assert [fault.detail for fault in read_landings(place, names).faults] == []
    without = [replace(leg, after=("left",)) if leg.name == "joined" else leg for leg in names]
    assert [fault.detail for fault in read_landings(place, without).faults] == [
        "left gave 4 rows, joined was offered 8"
    ]
    (tmp_path / "landings" / "right" / "part-000001.done").unlink()
    assert "left and right gave 6 rows, joined was offered 8" in [
        fault.detail for fault in read_landings(place, names).faults if fault.check == "conservation"
    ]
