"""The table of measures, and measures of a package of one's own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline.measures.known import OWN
from pipeline.measures.measure import Measure
from pipeline.measures.table import read_table, write_table
from schemas.measures import MeasuredSample
from schemas.outcome import DamagedError
from storage.place import Place


def test_columns_carry_units_and_what_does_not_apply_is_null(tmp_path: Path) -> None:
    row = MeasuredSample(key="a", sample_sha256="b", fingerprint="c", mouth="", numbers={"bars": 0.5})
    assert write_table(Place.at(tmp_path), iter([row]), OWN) == 1
    table = read_table(Place.at(tmp_path))
    assert table is not None
    (found,) = table.to_pylist()
    assert (found["key"], found["bars"], found["text"]) == ("a", 0.5, None)
    told = pq.read_schema(tmp_path / "measures.parquet").field("bars").metadata
    assert told[b"unit"] == b"share of a side"
    assert set(told) == {b"unit", b"says", b"source"}


def test_another_table_is_refused(tmp_path: Path) -> None:
    assert read_table(Place.at(tmp_path)) is None
    (tmp_path / "measures.parquet").write_bytes(b"PAR1 nothing PAR1")
    with pytest.raises(DamagedError, match=r"measures\.parquet"):
        read_table(Place.at(tmp_path))


@pytest.mark.parametrize("name", ["Bars", "a b", "framing", ""])
def test_a_measure_has_a_name_of_its_own(name: str) -> None:
    with pytest.raises(ValueError, match="no name of a measure"):
        Measure(name=name, unit="", says="", source="", of=lambda _: 0.0)


def test_an_entry_point_that_is_no_measure_is_refused(tmp_path: Path) -> None:
    (tmp_path / "reds.py").write_text("RED = 'no measure'\n")
    info = tmp_path / "reds-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: reds\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[understudy.measures]\nred = reds:RED\n")
    code = (
        f"import sys; sys.path.append({str(tmp_path)!r})\n"
        "from pipeline.measures.known import measures\nprint(measures()[-1])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode
    assert "the entry point red = reds:RED is no Measure" in done.stderr
