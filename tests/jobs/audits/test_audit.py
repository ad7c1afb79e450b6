"""An audit finds what was planted, each fault by its rule, and passes what is clean."""

from __future__ import annotations

import base64
import json
import re
import shutil
from pathlib import Path
from typing import Any

import cv2
import duckdb
import numpy as np
import pytest

from dataset.index import read_index
from jobs.cli import main
from storage.place import Place
from tests.stores import Store


@pytest.fixture(scope="module")
def audited(planted: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Of both sets: the exit code, the numbers, the page, and the folder."""
    found: dict[str, Any] = {}
    for name in ("clean", "faulty"):
        folder = tmp_path_factory.mktemp(name)
        shutil.copytree(planted / name, folder / "set")
        args = ["audit", str(folder / "set"), "--out", str(folder / "report"), "--strict"]
        use = ["--held-out-keys", str(planted / "held"), "--pairs", str(planted / "pairs.parquet")]
        code = main([*args, *use, "--rules", str(narrow(folder))])
        page = (folder / "report" / "index.html").read_text()
        found[name] = (code, json.loads((folder / "report" / "audit.json").read_text()), page, folder)
    return found


def narrow(folder: Path) -> Path:
    """The default rules, of severity error alone: the figure's head has few pixels."""
    from jobs.audits.rules import DEFAULTS

    rules = DEFAULTS.read_text().split("[[rule]]")
    path = folder / "rules.toml"
    path.write_text("[[rule]]".join(rule for rule in rules if "warn" not in rule))
    return path


def beyond(numbers: dict[str, Any]) -> set[tuple[str, str]]:
    return {(rule["id"], key) for rule in numbers["rules"] for key, _ in rule["worst"]}


def test_the_clean_set_passes_all(audited: dict[str, Any]) -> None:
    code, numbers, _, folder = audited["clean"]
    assert beyond(numbers) == set()
    assert (code, numbers["verdict"]) == (0, "pass")
    assert (folder / "report" / "deny.txt").read_text() == ""


def test_each_planted_fault_is_found_by_its_rule_and_nothing_else_is(
    audited: dict[str, Any], planted: Path
) -> None:
    code, numbers, _, folder = audited["faulty"]
    wanted = {tuple(line.split()) for line in (planted / "planted").read_text().splitlines()}
    found = beyond(numbers)
    (swapped,) = (key for rule, key in wanted if rule == "swapped_sides")
    beside = {
        ("turned_against_the_head", swapped),
        ("stray_hand", swapped),
    }  # as the arms are the other ones'
    assert found - beside == wanted
    assert (code, numbers["verdict"]) == (1, "fail")
    listed = {line.split("\t")[0] for line in (folder / "report" / "deny.txt").read_text().splitlines()}
    assert listed == {key for _, key in wanted}


def test_against_the_clean_set_each_fault_is_new_and_the_old_samples_are_the_same(
    audited: dict[str, Any], planted: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, before = audited["faulty"][3], audited["clean"][3]
    args = ["audit", str(folder / "set"), "--out", str(folder / "changed"), "--against", str(before / "set")]
    use = ["--held-out-keys", str(planted / "held"), "--rules", str(folder / "rules.toml")]
    assert main([*args, *use]) == 1
    assert "7 new samples, 0 gone, 4 of the same bytes, 0 of others" in capsys.readouterr().out
    told = json.loads((folder / "changed" / "audit.json").read_text())["against"]
    wanted = {tuple(line.split()) for line in (planted / "planted").read_text().splitlines()}
    new = {(rule["id"], key) for rule in told["rules"] for key, _ in rule["worst"]}
    assert {one for one in wanted if one[0] != "driver_is_target"} <= new
    assert not any(rule["before"] or rule["no_longer"] for rule in told["rules"])
    hours = {(one["title"], one["value"]): one["now"] - one["before"] for one in told["hours"]}
    assert hours["framing", "half"] == pytest.approx(7 * 60 / 24 / 3600)
    assert "What changed" in (folder / "changed" / "index.html").read_text()


def test_every_plot_has_its_n_and_the_question_that_gives_it(audited: dict[str, Any], planted: Path) -> None:
    from jobs.audits.tables import audited_tables
    from jobs.commands.audit import Audit, use_of

    _, numbers, page, folder = audited["faulty"]
    job = Audit(data="", out="", held_out_keys=str(planted / "held"), pairs=str(planted / "pairs.parquet"))
    asked = audited_tables(read_index(folder / "set"), use_of(job))
    assert len(numbers["plots"]) > 15
    for plot in numbers["plots"]:
        rows = asked.execute(plot["query"]).fetchall()
        if plot["samples"]:
            assert [list(row[:2]) for row in rows] == plot["rows"]
    assert page.count("; n = ") == len(numbers["plots"])
    assert main(["query", str(folder / "set"), numbers["plots"][0]["query"]]) == 0
    with pytest.raises(duckdb.Error):
        asked.execute("select * from read_csv('/etc/passwd')")


def test_the_page_is_one_file_that_asks_nothing_of_a_network(audited: dict[str, Any]) -> None:
    _, numbers, page, _ = audited["faulty"]
    assert not re.findall(r"""(?:src|href)=["'](?!data:|#)""", page)
    assert "default-src 'none'" in page
    pictures = page.count("data:image/jpeg;base64,")
    assert pictures == sum(len(rule["worst"]) for rule in numbers["rules"]) >= 6
    assert "understudy preview" in page


def test_a_second_audit_measures_nothing_and_writes_the_same_bytes(
    audited: dict[str, Any], planted: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, _, page, folder = audited["clean"]
    before = {path: path.stat().st_mtime_ns for path in (folder / "set" / "measures").rglob("*.parquet")}
    capsys.readouterr()
    args = ["audit", str(folder / "set"), "--out", str(folder / "again"), "--strict"]
    use = ["--held-out-keys", str(planted / "held"), "--pairs", str(planted / "pairs.parquet")]
    assert main([*args, *use, "--rules", str(folder / "rules.toml")]) == 0
    after = {path: path.stat().st_mtime_ns for path in (folder / "set" / "measures").rglob("*.parquet")}
    assert before == after
    assert (folder / "again" / "index.html").read_text() == page
    capsys.readouterr()
    assert main(["query", str(folder / "set"), "select count(head_px) as n from measures", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [{"n": 4}]
    assert main(["check", str(folder / "set"), "--quick"]) == 1  # a set that no run has made has no run.json
    assert "measures" not in capsys.readouterr().out


@pytest.mark.parametrize("of", ["audited", "curated"])
def test_each_of_the_ten_questions_is_one_command_on_a_disk_and_in_a_store(
    audited: dict[str, Any], undisturbed: Path, cloud: Store, of: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of a set that was measured, and of one that has all landings of its pipeline."""
    text = (Path(__file__).parents[3] / "docs" / "audit.md").read_text()
    asked = re.findall(r"""^# \d+\. .*\nunderstudy query OUT (["'])(.*)\1$""", text, re.MULTILINE)
    assert len(asked) == 10
    here = audited["faulty"][3] / "set" if of == "audited" else undisturbed
    there = Place.at(f"s3://bucket/{of}")
    for path in (here / "index.parquet", *(here / "landings").rglob("*"), *(here / "measures").rglob("*")):
        if path.is_file():
            there.put(path.relative_to(here).as_posix(), path)
    capsys.readouterr()
    answered = list[int]()
    somebody = read_index(here).row(0).key[:6]
    for number, question in enumerate((text.replace("'25%'", f"'{somebody}%'") for _, text in asked), 1):
        answers = []
        for data in (str(here), there.uri):
            assert main(["query", data, question, "--json"]) == 0
            answers.append(sorted(map(str, json.loads(capsys.readouterr().out))))  # ties come in any order
        assert answers[0] == answers[1]
        answered += [number] if answers[0] else []
    assert {"audited": {1, 3, 4, 7, 8}, "curated": {1, 2, 5, 6, 8}}[of] <= set(answered)


def test_a_rule_of_references_shows_them_beside_the_clip(audited: dict[str, Any]) -> None:
    page = audited["faulty"][2]
    widths = {}
    for rule in ("strange_reference", "swapped_sides"):
        begin = page.index(f'id="worst-{rule}"')
        packed = re.search(r"base64,([^\"]+)", page[begin:])
        assert packed
        picture = cv2.imdecode(np.frombuffer(base64.b64decode(packed[1]), np.uint8), cv2.IMREAD_COLOR)
        assert picture is not None
        widths[rule] = picture.shape[1]
    assert widths["strange_reference"] > 1.9 * widths["swapped_sides"]
