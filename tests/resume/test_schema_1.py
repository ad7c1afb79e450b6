"""A data set of schema 1 is brought up: what no rule has changed of since stays; no file is hashed again."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dataset.index_tables import SCHEMA_1
from dataset.names import LANDINGS, RUN
from engine.ledger import Ledger, digest
from jobs.stored.curation import stored_in
from jobs.stored.redo import legs_again
from pipeline.flow import Curation
from pipeline.stages.corpus import Corpus
from storage.place import Place
from tests.dataset.test_index_tables import as_schema
from tests.jobs.commands.test_plan import redone, said
from tests.resume.job import contents, settings
from tests.resume.test_redo import ask, broken

LEGS = {
    "sources": "af5e5bf462523be350d8b51319ac5918c7b3a31bffe93001768823bcd6a3d8a9",
    "catalogue": "455d4b86c52c2233b4789a6c20c5f7ff956e86cf218be0b0e0d507202b143784",
    "clips": "255cceaf7f5087c4cb76d9d144f6da282d215bdf293ef9b3fdad1d3f0c1d1976",
    "tracks": "5036967c24ff7f8a58100f5b7930a355c878f37e16bd471f8ee8fbd9f98fabee",
    "samples": "0b7148341e0aef70349b9fd5d081b31cff84fd43c3de361d6a44b113944de1b3",
    "shards": "e41007e58fcf4769c31e63ccdf798882d29ce8c5ca42c70075be55500a7af485",
}
"""As the last version of schema 1 wrote them for `tests.resume.job.settings`."""
AGAIN = ["clips", "tracks", "samples", "shards"]


def plain(table: pa.Table) -> pa.Table:
    """Rows of files as schema 1 had them: a licence and a domain are all that is told."""
    origins = table["origin"].combine_chunks()
    rest = table.drop_columns(["origin"]).replace_schema_metadata(None)
    for name in ("licence", "domain"):
        rest = rest.append_column(name, origins.field(name))
    return rest


def mark(folder: Path, lap: str, **other: Any) -> str:
    """Give a marker of a lap these facts, and the digest of the tables that lie there."""
    marker = folder / f"part-{lap}.done"
    tables = [folder / f"{kind}-{lap}.parquet" for kind in ("part", "rejects")]
    content = digest(*(hashlib.sha256(table.read_bytes()).hexdigest() for table in tables))
    told = json.loads(marker.read_text()) | {"schema": 1, "content": content}
    marker.write_text(json.dumps(told | other))
    return content


def made_older(out: Path, told_of: Mapping[str, str], run: Mapping[str, Any]) -> None:
    """Make a data set what the code of schema 1 left; `told_of` is the digest of each leg's settings."""
    landings, contents = out / LANDINGS, list[str]()
    for leg in ("listing", "sources", "catalogue"):
        for table in landings.glob(f"{leg}/part-*.parquet"):
            pq.write_table(plain(pq.read_table(table)), table)
    for number, row in enumerate(pq.read_table(landings / "listing" / "part-000000.parquet").to_pylist()):
        inputs = digest(told_of["sources"], row["uri"], row["licence"], row["domain"])  # a lap for each file
        contents.append(mark(landings / "sources", f"{number:06d}", inputs=inputs))
    mark(landings / "listing", "000000")
    mark(landings / "catalogue", "000000", inputs=digest(told_of["catalogue"], *contents))
    for leg in AGAIN:
        for marker in (landings / leg).glob("*.done"):
            said = json.loads(marker.read_text()) | {"schema": 1, "inputs": "older"}
            said["steps"] = [step for step in said["steps"] if step["step"] != "same_source"]
            marker.write_text(json.dumps(said))
    for marker in (landings / "shards").glob("*.done"):
        lap = marker.stem.removeprefix("part-")
        as_schema(1, SCHEMA_1, landings / "shards", f"part-{lap}.parquet")
        mark(landings / "shards", lap)
    as_schema(1, SCHEMA_1, out)
    (out / RUN).write_text(json.dumps(run))


@pytest.fixture(params=["one number for all rules", "a version of each step"])
def of_schema_1(made: Path, films: Path, request: pytest.FixtureRequest) -> Path:
    """A data set as the two last forms of schema 1 knew their work."""
    run = json.loads((made / RUN).read_text())
    run = {name: run[name] for name in ("videos", "corpus", "drop_gone", "settings")} | {"schema": 1}
    if request.param == "one number for all rules":
        told = {"sources": digest("13", "corpus None")}
        told["catalogue"] = digest("13", "same_content None", "first None")
        made_older(made, told, run | {"pipeline": 13, "legs": LEGS})
    else:
        told = {"sources": digest("corpus 1 None")}
        told["catalogue"] = digest("same_content 1 None", "first 1 None")
        sizes = {"sources": "{'sources_per_lap': 1}", "catalogue": "{}"}
        made_older(made, told, run | {"legs": {leg: digest(told[leg], size) for leg, size in sizes.items()}})
    return made


def small(films: Path) -> Curation:
    return settings(films / "truths")


def test_check_holds_it_to_what_its_code_wrote(of_schema_1: Path) -> None:
    assert not {"landings", "conservation", "landed"} & broken(of_schema_1).keys()
    tracks = of_schema_1 / LANDINGS / "tracks" / "part-000000.done"
    tracks.write_text(tracks.read_text().replace('"schema": 1', '"schema": 3'))
    assert broken(of_schema_1)["landings"] == ["tracks, lap 000000: its steps are not estimate, same_source"]


def test_it_is_told_what_is_done_again_and_why(of_schema_1: Path, films: Path) -> None:
    assert list(redone(of_schema_1, small(films))) == AGAIN
    stored = stored_in(Place.at(of_schema_1))
    assert stored is not None
    assert [leg.leg for leg in legs_again(stored, small(films), Ledger(of_schema_1))] == AGAIN
    assert re.search(r"probe: version 1 before, version \d+ now", said(of_schema_1, small(films)))


@pytest.mark.parametrize("of_schema_1", ["one number for all rules"], indirect=True)
def test_its_files_are_not_hashed_again_and_it_becomes_what_it_would_be_today(
    of_schema_1: Path, films: Path, undisturbed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise AssertionError("a file is hashed")

    monkeypatch.setattr(Corpus, "__call__", never)
    code, output = ask(films, of_schema_1, redo=True, strict=True)
    assert (code, "clips again: 4 laps" in output, "sources again" in output) == (0, True, False)
    assert contents(of_schema_1) == contents(undisturbed)
    assert broken(of_schema_1) == {}
    assert redone(of_schema_1, small(films)) == {}


def test_settings_that_there_are_no_more_are_told(made: Path, films: Path) -> None:
    run = json.loads((made / RUN).read_text())
    run["settings"]["estimate"]["max_gap_frames"] = 12
    (made / RUN).write_text(json.dumps(run))
    assert "--settings.estimate.max-gap-frames: 12 before, not set now; redoes nothing" in said(
        made, small(films)
    )


def test_another_rule_makes_them_stale(
    of_schema_1: Path, films: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Corpus, "version", 2)
    assert list(redone(of_schema_1, small(films))) == ["sources", "catalogue", *AGAIN]
