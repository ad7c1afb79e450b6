"""A benchmark is its manifest and the files beside it, and nothing else."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from jobs.cli import main
from jobs.evaluation.manifest import read_benchmark, refuse_changed, text_of
from jobs.evaluation.measuring import measuring_of
from model.eval.networks import WeightFiles
from pipeline.backends import Backends
from schemas.outcome import Rejected
from tests.jobs.evaluation.made_up import benchmark


def test_the_same_pairs_give_the_same_bytes_and_another_film_another_digest(tmp_path: Path) -> None:
    one, again, other = (
        benchmark(tmp_path / name, *pairs)
        for name, *pairs in (("1", "a", "b"), ("2", "a", "b"), ("3", "b", "a"))
    )
    assert one.read_bytes() == again.read_bytes()
    assert read_benchmark(one).sha256 != read_benchmark(other).sha256
    assert text_of(read_benchmark(one).manifest) == one.read_bytes()


def test_its_files_lie_beside_it_by_their_digests(tmp_path: Path) -> None:
    bench = read_benchmark(benchmark(tmp_path / "made", "a"))
    (tmp_path / "made").rename(tmp_path / "moved")
    moved = read_benchmark(tmp_path / "moved" / "bench.json")
    (pair,) = moved.manifest.pairs
    path = refuse_changed(moved.folder, pair.driving)
    assert path.name == f"{pair.driving.sha256[:16]}.mp4"
    assert (pair.driving.frames, pair.driving.fps, pair.canvas) == (6, 24.0, (96, 64))
    assert bench.sha256 == moved.sha256
    path.write_bytes(b"another")
    with pytest.raises(Rejected, match=r"changed: .*is not the file that the manifest names"):
        refuse_changed(moved.folder, pair.driving)
    path.unlink()
    with pytest.raises(Rejected, match=rf"missing: {path}: No such file"):
        refuse_changed(moved.folder, pair.driving)


def test_films_of_a_pair_have_the_truths_size_or_where_there_is_none_the_references(tmp_path: Path) -> None:
    benchmark(tmp_path, "a")
    Image.new("RGB", (50, 70)).save(tmp_path / "true" / "a.png")
    for kind, size in {"self": (96, 64), "cross": (50, 70)}.items():
        (tmp_path / "films.csv").write_text(
            f"pair_id,kind,driving,reference\na,{kind},true/a.mp4,true/a.png\n"
        )
        bench = tmp_path / f"{kind}.json"
        assert main(["evaluate", "manifest", "--table", f"{tmp_path}/films.csv", "--out", str(bench)]) == 0
        assert read_benchmark(bench).manifest.pairs[0].canvas == size


def test_networks_that_packages_carry_are_those_of_the_manifest(tmp_path: Path) -> None:
    manifest = read_benchmark(benchmark(tmp_path, "a")).manifest
    how: dict[str, Any] = {"people": False, "backends": Backends(), "device": "cpu"}
    assert measuring_of(WeightFiles(), manifest, **how).resize == "none"
    name = "efficientnet-lite0-57934424.pth"
    other = replace(manifest, packaged=manifest.packaged | {name: "0" * 64})
    with pytest.raises(ValueError, match=f"compares through {name} of sha256 000"):
        measuring_of(WeightFiles(), other, **how)


def named(name: str, plain: dict[str, Any]) -> None:
    plain["pairs"][0]["pair_id"] = name


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda plain: plain.update(manifest_version=2), "of manifest version 2; this is version 1"),
        (lambda plain: plain.update(pairs=[]), "names no pair"),
        (lambda plain: plain["windows"].update(length=8), "other than 16 frames, 8 apart"),
        (lambda plain: plain["segments"].update(first=1), "segments of 1 and 72 frames"),
        (lambda plain: plain.update(pairs=plain["pairs"] * 2), "names a pair twice"),
        (lambda plain: plain["pairs"][0]["driving"].update(uri="../x.mp4"), "lies beside its manifest"),
        (lambda plain: plain["pairs"][0].update(pair_id="../a"), "which is no name of a file"),
        (lambda plain: plain.update(name=3), "no manifest of a benchmark"),
    ],
)
def test_a_manifest_that_is_none_is_one_sentence(tmp_path: Path, change: Any, words: str) -> None:
    path = benchmark(tmp_path, "a")
    plain = json.loads(path.read_text())
    change(plain)
    path.write_text(json.dumps(plain))
    with pytest.raises(ValueError, match=words):
        read_benchmark(path)


def refused(args: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["evaluate", "manifest", *args]) == 2
    return capsys.readouterr().err


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("pair_id,driving\na,b\n", "row 1 has no reference"),
        ("pair_id,driving,reference\n", "no row in it, only the names of columns"),
        ("", "films.csv: empty"),
        ("pair_id,driving,reference\na,nowhere.mp4,r.png\n", "nowhere.mp4: No such file"),
        ("pair_id,driving,reference,kind\na,x,y,odd\n", "of kind 'odd': self or cross"),
        (f"pair_id,driving,reference\na,b,{'y' * 200_000}\n", "no table (field larger than"),
    ],
)
def test_a_table_that_says_nothing_is_refused(
    tmp_path: Path, table: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "films.csv").write_text(table)
    out = tmp_path / "bench.json"
    assert words in refused(["--table", str(tmp_path / "films.csv"), "--out", str(out)], capsys)
    assert not out.exists()


def test_weights_that_are_none_are_refused_before_there_is_a_benchmark(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    benchmark(tmp_path, "a")
    capsys.readouterr()
    (tmp_path / "junk.pth").write_bytes(b"junk")
    table, out = tmp_path / "films.csv", tmp_path / "other.json"
    weights = ("--weights.resnet3d", str(tmp_path / "junk.pth"))
    assert "junk.pth: not a checkpoint" in refused(
        ["--table", str(table), "--out", str(out), *weights], capsys
    )
    assert not out.exists()


def test_a_spreadsheets_mark_is_no_part_of_a_column(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    benchmark(tmp_path, "a")
    text = (tmp_path / "films.csv").read_text()
    (tmp_path / "films.csv").write_text("\ufeff" + text)
    marked = tmp_path / "marked.json"
    assert main(["evaluate", "manifest", "--table", str(tmp_path / "films.csv"), "--out", str(marked)]) == 0
    assert f"\nnext: understudy evaluate render {marked} --run RUN --out FILMS\n" in capsys.readouterr().out


def test_what_is_there_is_not_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = benchmark(tmp_path, "a")
    again = ["--table", str(tmp_path / "films.csv"), "--out", str(path)]
    assert "bench.json: there already" in refused(again, capsys)
    assert "a manifest is called NAME.json" in refused([*again[:3], str(tmp_path / "bench")], capsys)
    assert "--data OUT, or --table" in refused(["--out", str(tmp_path / "other.json")], capsys)


def test_samples_of_a_data_set_become_pairs(data_set: Path, tmp_path: Path) -> None:
    def made(name: str, *more: str) -> Any:
        path = tmp_path / f"{name}.json"
        assert main(["evaluate", "manifest", "--data", str(data_set), "--out", str(path), *more]) == 0
        return read_benchmark(path)

    one, again = made("one", "--pairs", "5"), made("again", "--pairs", "5", "--seed", "1")
    assert len(one.manifest.pairs) == 5
    assert len({pair.identity_id for pair in one.manifest.pairs[:4]}) == 4, "one of each source first"
    assert [p.pair_id for p in one.manifest.pairs] != [p.pair_id for p in again.manifest.pairs]
    for pair in one.manifest.pairs:
        assert refuse_changed(one.folder, pair.driving).is_file()
        assert refuse_changed(one.folder, pair.reference).suffix == ".jpg"
    cross = made("cross", "--kind", "cross", "--pairs", "4", "--where", "framing=half")
    for pair in cross.manifest.pairs:
        assert not pair.pair_id.split("-")[1].startswith(pair.identity_id), "somebody else drives"
    paper = made("paper", "--recipe", "table1", "--pairs", "99")
    assert (paper.manifest.recipe, len(paper.manifest.pairs)) == ("table1", 16)
