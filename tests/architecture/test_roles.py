"""The seven roles of estimators are listed once; records, stages, settings and documents have just those."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from jobs.commands.doctor import estimators
from jobs.console.tables import records
from pipeline.backends import Backends
from pipeline.stages.clip_tracks import READS, Estimators
from schemas.tracks import ROLES, EstimatorCard, Tracked

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("record", [Backends, Estimators])
def test_a_field_for_each_role(record: Any) -> None:
    assert tuple(field.name for field in fields(record)) == ROLES


def test_each_role_reads_only_those_before_it() -> None:
    assert tuple(READS) == ROLES
    assert all(ROLES.index(before) < ROLES.index(role) for role in ROLES for before in READS[role])


def test_tracked_clips_have_a_track_of_each_role() -> None:
    assert tuple(field.name for field in fields(Tracked) if field.name in ROLES) == ROLES


def test_the_map_names_the_roles() -> None:
    (row,) = re.findall(r"^\| role \| (.*) \|$", (ROOT / "docs" / "map.md").read_text(), re.MULTILINE)
    assert row.endswith(": " + ", ".join(ROLES))


class Ready:
    """A backend whose estimator has a card."""

    card = EstimatorCard(name="ready made", version="1", weights_sha256="", licence="MIT")

    def build(self) -> Ready:
        return self


def test_doctor_reports_each_role() -> None:
    ready: Any = {role: Ready() for role in ROLES}
    table, _, troubles = estimators(Backends(**ready))
    assert troubles == []
    rows = [row for row in records(table) if row["estimator"] == "ready made"]
    assert [row["role"] for row in rows] == list(ROLES)
