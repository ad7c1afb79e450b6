from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import lap_tables
from engine.core import Tally
from engine.ledger import Lap, Ledger
from schemas.media import Source
from schemas.origin import Origin
from schemas.outcome import Reject
from storage.disk import aside
from storage.place import Place


def source(n: int) -> Source:
    return Source(
        key=f"{n:012x}",
        uri=f"/v/{n}",
        sha256=f"{n:064x}",
        num_bytes=n,
        origin=Origin(licence="cc0", domain="talk"),
    )


def lap(name: str = "000000", inputs: str = "i") -> Lap:
    return Lap(leg="sources", name=name, inputs=inputs, items=3, read=lambda ledger: ())


REJECT = Reject(key="k", step="corpus", reason="empty", detail="0 bytes", uri="/v/9")


def test_a_landed_lap_reads_back(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    tally = Tally(step="corpus", offered=3, kept=2, gave=2)
    tally.reasons["empty"] += 1
    result = ledger.land(lap(), [source(1), REJECT, source(2)], Source, [tally])
    assert (result.rows, result.rejects) == (2, 1)
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
    assert ledger.landed("sources", "000000") == result
    assert ledger.tallies("sources") == [tally]


def test_rows_can_be_chosen_by_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lap_tables, "BATCH_BYTES", 200)  # several row groups
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
    assert list(ledger.all_landed("sources")) == []
    landed = ledger.land(lap(), [source(1)], Source, [])
    assert landed.inputs == lap().inputs
    assert list(ledger.all_landed("sources")) == [("000000", landed)]


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
    content = json.loads(marker.read_text())
    marker.write_text(json.dumps({**content, "schema": 99}))
    with pytest.raises(ValueError, match="schema 99"):
        ledger.landed("sources", "000000")


@pytest.fixture(params=["disk", "s3"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Ledger:
    if request.param == "disk":
        return Ledger(tmp_path / "set")
    request.getfixturevalue("cloud")
    return Ledger(f"s3://bucket/{tmp_path.name}")


def test_places_are_alike(ledger: Ledger) -> None:
    result = ledger.land(lap(), [source(1), REJECT], Source, [Tally(step="corpus")])
    ledger.land(lap("000001"), [source(2)], Source, [])
    assert result == Ledger(ledger.place.uri.removesuffix("/landings")).landed("sources", "000000")
    assert ledger.names("sources") == ["000000", "000001"]
    assert [row.num_bytes for row in ledger.rows("sources", "000001", Source)] == [2]
    assert ledger.columns("sources", "000000", ["uri", "num_bytes"]).to_pylist() == [
        {"uri": "/v/1", "num_bytes": 1}
    ]
    assert ledger.rejects("sources", "000000").num_rows == 1
    assert ledger.prune("sources", {"000001"}) == 1
    assert [name for name, *_ in ledger.place.files()] == [
        "sources/part-000001.done",
        "sources/part-000001.parquet",
        "sources/rejects-000001.parquet",
    ]


def test_a_late_twin_changes_nothing(ledger: Ledger) -> None:
    """A worker that was given up for dead comes back while and after its successor works."""

    def slow() -> Iterator[Source]:
        yield source(1)
        ledger.land(lap(), [source(1), source(2)], Source, [])  # the successor, from start to end
        yield source(2)

    late = ledger.land(lap(), slow(), Source, [])
    assert ledger.landed("sources", "000000") == late
    assert [row.num_bytes for row in ledger.rows("sources", "000000", Source)] == [1, 2]


def test_a_late_worker_that_dies_takes_the_marker_of_its_successor(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where its answers are other ones, half of each must not pass for whole."""
    put = Place.put
    puts = []

    def dying(place: Place, name: str, file: Path) -> str:
        puts.append(name)
        if len(puts) == 2:
            raise KeyboardInterrupt
        return put(place, name, file)

    def slow() -> Iterator[Source]:
        ledger.land(lap(inputs="new"), [source(1), source(2)], Source, [])
        monkeypatch.setattr(Place, "put", dying)
        yield source(1)

    with pytest.raises(KeyboardInterrupt):
        ledger.land(lap(inputs="old"), slow(), Source, [])
    assert len(puts) == 2
    assert ledger.landed("sources", "000000") is None


def test_two_workers_at_once_never_mix(ledger: Ledger) -> None:
    rows = [source(number) for number in range(2000)]
    workers = [threading.Thread(target=ledger.land, args=(lap(), iter(rows), Source, ())) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [row.num_bytes for row in ledger.rows("sources", "000000", Source)] == list(range(2000))
    assert len(ledger.place.files()) == 3


def test_prune_sweeps_what_a_killed_worker_left(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    ledger.land(lap(), [source(1)], Source, [])
    aside(tmp_path / "landings/sources/part-000000.parquet").write_bytes(b"half")
    assert ledger.prune("sources", {"000000"}) == 0
    assert len(list((tmp_path / "landings/sources").iterdir())) == 3


@pytest.mark.parametrize("name", ["../../outside", "a/../../b", "..\\b"])
def test_a_lap_cannot_write_outside(ledger: Ledger, name: str) -> None:
    with pytest.raises(ValueError, match="no plain name"):
        ledger.land(lap(name), [source(1)], Source, [])
    with pytest.raises(ValueError, match="no plain name"):
        ledger.landed(name, "000000")
    assert ledger.place.files() == []
