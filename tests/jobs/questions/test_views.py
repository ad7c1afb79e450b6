"""What can be asked of a data set."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from dataset.index import read_index
from jobs.questions.views import views
from storage.place import Place


def test_every_reference_of_every_sample_is_a_row(undisturbed: Path) -> None:
    rows = views(Place.at(undisturbed)).sql('select key, count(*) from "references" group by key').fetchall()
    assert dict(rows) == {row.key: row.num_references for row in read_index(undisturbed).rows()}


def test_a_set_without_landings_has_samples_alone(data_set: Path) -> None:
    asked = views(Place.at(data_set))
    for table, count in (("samples", 16), ("rejects", 0), ("sources", 0), ('"references"', 0)):
        assert asked.sql(f"select count(*) from {table}").fetchall() == [(count,)]


def test_no_data_set_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=f"{tmp_path}: no data set"):
        views(Place.at(tmp_path))


@pytest.mark.parametrize(
    "wish", ["copy samples to '/tmp/stolen.csv'", "install httpfs", "set enable_external_access = true"]
)
def test_the_connection_reaches_nothing_else(wish: str, data_set: Path) -> None:
    with pytest.raises(duckdb.Error, match=r"disabled|locked"):
        views(Place.at(data_set)).execute(wish)
    assert not Path("/tmp/stolen.csv").exists()
