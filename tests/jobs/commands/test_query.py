"""`understudy query`: an auditor's questions, and what no question may do."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from dataset.index import read_index
from jobs.cli import main
from schemas.arrow import encode
from schemas.index import IndexRow
from schemas.origin import extra_text
from storage.place import Place
from tests.stores import Store


def asked(capsys: pytest.CaptureFixture[str], out: Path, question: str) -> Any:
    assert main(["query", str(out), question, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_samples_rejects_and_sources_are_tables(
    undisturbed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = list(read_index(undisturbed).rows())
    (hours,) = asked(capsys, undisturbed, "select sum(duration_s) as s, count(*) as n from samples")
    assert hours == {"s": pytest.approx(sum(row.duration_s for row in rows)), "n": len(rows)}
    reasons = asked(capsys, undisturbed, "select reason, leg from rejects order by reason")
    assert [row["reason"] for row in reasons] == ["duplicate", "nobody"]
    assert all(row["leg"] for row in reasons)
    joined = (
        "select distinct sources.uri from samples join sources on source_sha256 = sources.sha256 order by 1"
    )
    films = asked(capsys, undisturbed, joined)
    assert {Path(row["uri"]).name for row in films} <= {f"{n}.mp4" for n in range(9)} | {"copy.mp4"}
    assert films


def test_a_set_in_the_store_answers_as_one_on_disk(
    cloud: Store, undisturbed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = Place.at("s3://bucket/questions")
    for path in (undisturbed / "index.parquet", *(undisturbed / "landings").rglob("*")):
        if path.is_file():
            place.put(path.relative_to(undisturbed).as_posix(), path)
    question = """select samples.key, sources.uri, why from samples
        join sources on source_sha256 = sources.sha256
        join "references" on samples.key = "references".key
        union all select key, uri, reason from rejects order by all"""
    local = asked(capsys, undisturbed, question)
    assert {row["why"] for row in local} > {"nobody", "duplicate"}
    assert main(["query", place.uri, question, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == local


def test_other_columns_of_the_manifest_are_columns(own_set: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = list(read_index(own_set).rows())
    odd = extra_text({"shoot": "5", "a \"b\" 'c'": "x"})
    told = [replace(row, extra=odd if number % 2 else "{}") for number, row in enumerate(rows)]
    pq.write_table(encode(told, IndexRow), own_set / "index.parquet")
    counts = asked(
        capsys, own_set, 'select "extra.shoot" as shoot, count(*) as n from samples group by all order by 1'
    )
    assert counts == [{"shoot": "5", "n": 8}, {"shoot": None, "n": 8}]
    (found,) = asked(
        capsys, own_set, """select distinct "extra.a ""b"" 'c'" as x from samples where x is not null"""
    )
    assert found == {"x": "x"}
    assert len(read_index(own_set).where(["extra.shoot=5"])) == 8
    assert len(read_index(own_set).where(["extra.shoot!=5"])) == 8


def test_an_answer_is_a_table_for_people(undisturbed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["query", str(undisturbed), "select framing, count(*) as n from samples group by all"]) == 0
    text = capsys.readouterr().out
    assert "framing" in text
    assert str(len(read_index(undisturbed))) in text


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("select nothing from samples", "nothing"),
        ("select * from nowhere", "nowhere"),
        ("", "it is no question"),
        ("select * from read_csv('/etc/passwd')", "disabled"),
        (
            "select key from nothing",
            "exist!; there are samples, measures, rejects, sources, references\n",
        ),
        ("copy samples to '/tmp/stolen.csv'", "it is no question"),
        ("install httpfs", "it is no question"),
        ("set enable_external_access = true", "it is no question"),
    ],
)
def test_what_cannot_be_answered_is_a_sentence_and_reaches_nothing(
    question: str, words: str, undisturbed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["query", str(undisturbed), question]) == 2
    error = capsys.readouterr().err
    assert "no answer: " in error
    assert words in error
    assert not Path("/tmp/stolen.csv").exists()


def test_no_data_set_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["query", str(tmp_path), "select 1"]) == 2
    assert f"{tmp_path}: no data set there" in capsys.readouterr().err


def test_records_are_json_whatever_they_hold(undisturbed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    odd = "select 'nan'::double as n, interval '1 day' as i, '\\x01'::blob as b from samples limit 2"
    assert asked(capsys, undisturbed, odd) == [{"n": None, "i": "1 day, 0:00:00", "b": "01"}] * 2
    assert asked(capsys, undisturbed, "select key from samples where false") == []
    assert main(["query", str(undisturbed), "select 1 as a, 2 as a", "--json"]) == 2
    assert "two columns are named a" in capsys.readouterr().err


def test_people_are_told_where_there_are_more_rows(
    undisturbed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for rows, told in ((1000, False), (1001, True)):
        assert main(["query", str(undisturbed), f"select * from range({rows})"]) == 0
        assert ("more than these 1000 rows" in capsys.readouterr().out) == told
