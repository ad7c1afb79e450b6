from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline import landing
from pipeline.core import Tally
from pipeline.landing import Lap, Ledger
from schemas.media import Source
from schemas.outcome import Reject


def source(n: int) -> Source:
    return Source(
        key=f"{n:012x}", uri=f"/v/{n}", sha256=f"{n:064x}", num_bytes=n, licence="cc0", domain="talk"
    )


def lap(name: str = "000000", inputs: str = "i") -> Lap:
    return Lap(leg="sources", name=name, inputs=inputs, items=3, read=lambda ledger: ())


REJECT = Reject(key="k", step="corpus", reason="empty", detail="0 bytes", uri="/v/9")


def test_a_landed_lap_reads_back(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    tally = Tally(step="corpus", offered=3, kept=2, gave=2)
    tally.reasons["empty"] += 1
    said = ledger.land(lap(), [source(1), REJECT, source(2)], Source, [tally])
    assert (said.rows, said.rejects) == (2, 1)
    assert [row.num_bytes for row in ledger.rows("sources", "000000", Source)] == [1, 2]
    assert ledger.rejects("sources", "000000").to_pylist() == [
        {
            "key": "k",
            "step": "corpus",
            "reason": "empty",
            "detail": "0 bytes",
            "uri": "/v/9",
            "leg": "sources",
        }
    ]
    assert ledger.landed("sources", "000000") == said
    assert ledger.tallies("sources") == [tally]


def test_rows_can_be_chosen_by_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landing, "BATCH_BYTES", 200)  # several row groups
    ledger = Ledger(tmp_path)
    ledger.land(lap(), [source(n) for n in range(20)], Source, [])
    wanted = {f"{n:012x}" for n in (3, 17)}
    assert [row.num_bytes for row in ledger.rows("sources", "000000", Source, keys=wanted)] == [3, 17]


def test_same_rows_same_bytes(tmp_path: Path) -> None:
    contents = []
    for name in ("a", "b"):
        ledger = Ledger(tmp_path / name)
        contents.append(ledger.land(lap(), [source(1), REJECT], Source, []).content)
        assert ledger.land(lap(), [source(1)], Source, []).content != contents[-1]
    assert contents[0] == contents[1]


def test_an_interrupted_lap_does_not_exist(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    ledger.land(lap(), [source(1)], Source, [])

    def dying() -> Iterator[Source]:
        yield source(2)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ledger.land(lap(inputs="new"), dying(), Source, [])
    assert ledger.landed("sources", "000000") is None
    assert ledger.names("sources") == []
    assert not list((tmp_path / "landings").rglob("*.tmp"))


def test_a_marker_says_from_which_inputs_a_lap_landed(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    assert ledger.all_landed("sources") == {}
    landed = ledger.land(lap(), [source(1)], Source, [])
    assert landed.inputs == lap().inputs
    assert ledger.all_landed("sources") == {"000000": landed}


def test_prune_forgets_laps_out_of_plan(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    for name in ("000000", "000001"):
        ledger.land(lap(name), [source(1)], Source, [])
    ledger.prune("sources", {"000001"})
    assert ledger.names("sources") == ["000001"]
    assert sorted(path.name for path in (tmp_path / "landings/sources").iterdir()) == [
        "part-000001.done",
        "part-000001.parquet",
        "rejects-000001.parquet",
    ]


def test_another_schema_is_refused(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    ledger.land(lap(), [source(1)], Source, [])
    marker = tmp_path / "landings/sources/part-000000.done"
    said = json.loads(marker.read_text())
    marker.write_text(json.dumps({**said, "schema": 99}))
    with pytest.raises(ValueError, match="schema 99"):
        ledger.landed("sources", "000000")
