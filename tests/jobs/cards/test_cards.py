"""Cards are what their readers read: `datasets` loads by one, another is whole JSON-LD."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from dataset.index import read_index
from engine.ledger import Lap, Ledger
from jobs.cards.ai_act import ai_act
from jobs.cards.croissant import croissant
from jobs.cards.facts import card_facts
from jobs.cards.huggingface import huggingface
from jobs.cli import main
from schemas.media import Clip
from schemas.outcome import Reject

CARDS = {"body": {"name": "truth", "version": "1", "licence": "none"}}


def test_datasets_loads_the_index_by_the_card(
    data_set: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    import datasets

    assert main(["card", str(data_set)]) == 0
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "README.md").write_text(capsys.readouterr().out)
    shutil.copy(data_set / "index.parquet", tmp_path / "set")
    loaded = datasets.load_dataset(
        str(tmp_path / "set"), "index", split="train", cache_dir=str(tmp_path / "cache")
    )
    assert loaded["key"][:] == [row.key for row in read_index(data_set).rows()]


def test_croissant_names_every_column_and_every_file(data_set: Path) -> None:
    index = read_index(data_set)
    said = json.loads(croissant(card_facts(index, CARDS)))
    assert said["conformsTo"][0] == "http://mlcommons.org/croissant/1.1"
    objects = {one["@id"]: one for one in said["distribution"]}
    assert objects["index"]["sha256"] == index.digest
    (records,) = said["recordSet"]
    assert [one["name"] for one in records["field"]] == index.table.column_names
    for one in records["field"]:
        assert one["source"]["fileObject"]["@id"] in objects
        assert one["source"]["extract"]["column"] == one["name"]
        assert one["dataType"].split(":")[0] in said["@context"]
    assert {"name", "description", "license", "version"} <= said.keys()
    assert said["rai:machineAnnotationTools"] == ["body: truth 1, none"]


def test_mlcroissant_finds_no_fault_and_reads_the_rows(data_set: Path, tmp_path: Path) -> None:
    """Its packages are not those of our lock: it is asked in an environment of its own."""
    if not (python := os.environ.get("MLCROISSANT_PYTHON")):
        pytest.skip("MLCROISSANT_PYTHON names no Python that has the package mlcroissant")
    shutil.copy(data_set / "index.parquet", tmp_path)
    (tmp_path / "croissant.json").write_text(croissant(card_facts(read_index(data_set), CARDS)))
    read = [python, "-c", READ]
    done = subprocess.run(read, cwd=tmp_path, capture_output=True, text=True, check=True)
    found, keys = json.loads(done.stdout)
    assert found == []
    assert keys == [row.key for row in read_index(data_set).rows()]


READ = """
import json, mlcroissant
data = mlcroissant.Dataset("croissant.json")
keys = [row["clips/key"] for row in data.records("clips")]
print(json.dumps([sorted(data.metadata.ctx.issues.errors), [key.decode() for key in keys]]))
"""


def test_a_summary_tells_hours_and_leaves_open_what_it_does_not_know(data_set: Path) -> None:
    facts = card_facts(read_index(data_set), CARDS)
    text = ai_act(facts)
    assert f"{facts.samples} clips" in text
    assert "| CC0 |" in text
    assert text.count("[to be filled in by the provider]") == 5


def test_a_summary_counts_the_files_that_opted_out_by_what_they_say(
    data_set: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(data_set / "index.parquet", tmp_path)
    said = ("tdm-reservation 1", "DataMining DMI-PROHIBITED; tdm-reservation 1", "2000x2000 px")
    reasons = ("opted_out", "opted_out", "too_large")
    no = [
        Reject(key=f"{number}", step="probe", reason=reason, detail=detail, uri="")
        for number, (reason, detail) in enumerate(zip(reasons, said, strict=True))
    ]
    lap = Lap(leg="clips", name="000000", inputs="x", items=3, read=lambda ledger: ())
    Ledger(tmp_path).land(lap, no, Clip, ())
    for keeps, words in (
        (False, "they say:\n  - tdm-reservation 1: 2\n  - DataMining DMI-PROHIBITED: 1\n- What"),
        (True, "files: not asked for"),
    ):
        run = {"settings": {"probe": {"keep_opted_out": keeps}}}
        (tmp_path / "run.json").write_text(json.dumps(run))
        assert main(["card", str(tmp_path), "--form", "ai_act"]) == 0
        assert words in capsys.readouterr().out


def test_a_hostile_licence_stays_in_its_cell(data_set: Path) -> None:
    facts = replace(
        card_facts(read_index(data_set), CARDS), licences={"a|b\n---\n<script>": 1.0}, name="x\ny: z"
    )
    text = huggingface(facts)
    head = yaml.safe_load(text.split("---\n")[1])
    assert head["pretty_name"] == "x\ny: z"
    assert "<script>" not in text
    assert "a/b --- &lt;script&gt;" in text
