"""The dashboard asks for what is exported, by labels that it has."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from engine.runners.metrics import METRICS

BOARD: dict[str, Any] = json.loads(
    (Path(__file__).resolve().parents[2] / "docs" / "grafana.json").read_text()
)
ASKED = [(target["expr"], target["legendFormat"]) for panel in BOARD["panels"] for target in panel["targets"]]


def test_each_metric_is_shown_and_each_that_is_shown_is_exported() -> None:
    names = {name for expr, _ in ASKED for name in re.findall(r"ray_(\w+)", expr)}
    assert names == set(METRICS)


def test_labels_are_those_of_the_metric() -> None:
    for expr, legend in ASKED:
        (name,) = re.findall(r"ray_(\w+)", expr)
        (grouped,) = re.findall(r"by \(([\w, ]+)\)", expr)
        labels = set(grouped.split(", "))
        assert labels <= set(METRICS[name][1]), expr
        assert set(re.findall(r"{{(\w+)}}", legend)) <= labels, legend


def test_what_only_grows_is_shown_as_a_rate() -> None:
    for expr, _ in ASKED:
        assert ("_total[" in expr) is ("_total" in expr), expr
        assert ("_total" in expr) is bool(re.search(r"\b(rate|increase)\(", expr)), expr


def test_panels_do_not_lie_on_each_other() -> None:
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in BOARD["panels"])
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
    assert len({panel["id"] for panel in BOARD["panels"]}) == len(BOARD["panels"])
