"""The comparison of two versions sees other bytes, other losses and other times."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.compare import Version, compared, differences, ratios
from benchmarks.processes import Ended


def ended(cpu_s: float, seconds: float) -> Ended:
    return Ended(code=0, text="", seconds=seconds, cpu_s=cpu_s, peak_mib=1.0, timed_out=False)


def test_ratios_are_medians_over_turns() -> None:
    pairs = [(ended(10, 10), ended(11, 20)), (ended(20, 10), ended(20, 10)), (ended(10, 1), ended(30, 3))]
    assert ratios(pairs) == (1.1, 2.0)


def test_differences_are_what_is_only_in_one_or_differs() -> None:
    assert differences({"a": "1", "b": "2", "c": "3"}, {"a": "1", "b": "3", "d": "3"}) == ["b", "c", "d"]


PROGRAM = """
import sys
from pathlib import Path
import pyarrow as pa, pyarrow.parquet as pq
out = Path(sys.argv[sys.argv.index("--out") + 1])
(out / "shards" / "16x16").mkdir(parents=True)
(out / "shards" / "16x16" / "000000.tar").write_bytes(b"BYTES")
(out / "index.parquet").write_bytes(b"index")
(out / "landings" / "clips").mkdir(parents=True)
rejects = [{"key": "k", "step": "probe", "reason": "REASON"}]
pq.write_table(pa.Table.from_pylist(rejects), out / "landings" / "clips" / "rejects-0.parquet")
"""


@pytest.mark.parametrize(
    ("data", "reason", "differ"),
    [
        ("same", "empty", []),
        ("others", "empty", ["shards/16x16/000000.tar"]),
        ("same", "black", ["reject k in probe"]),
    ],
)
def test_two_checkouts_are_compared(tmp_path: Path, data: str, reason: str, differ: list[str]) -> None:
    versions = []
    for name, text in (("A", ("same", "empty")), ("B", (data, reason))):
        folder = tmp_path / name / "jobs"
        folder.mkdir(parents=True)
        (folder / "__init__.py").touch()
        (folder / "cli.py").write_text(PROGRAM.replace("BYTES", text[0]).replace("REASON", text[1]))
        versions.append(Version(name=name, folder=folder.parent, curate=(), train=()))
    (tmp_path / "work" / "videos").mkdir(parents=True)
    rows, found = compared(versions[0], versions[1], tmp_path / "work" / "videos", 2, 0)
    assert found == differ
    assert rows[0][:2] == ("curate", "2")
    assert rows[0][-1] == f"{3 - len(differ)} of 3"
