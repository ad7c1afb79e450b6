"""The commands on a small corpus with estimators that know the answers: exit codes, words, no second work."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import webdataset
from rich.console import Console

from dataset.index import read_index
from dataset.names import RUNNING
from jobs.cli import main
from jobs.commands.check import Check, check
from jobs.commands.curate import Curate, curate
from jobs.commands.preview import Preview, preview
from pipeline.flow import Curation
from tests.paint import film
from tests.processes import execute
from tests.resume.job import settings
from tests.synth import Scene

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    (folder / "videos").mkdir()
    film(Scene(number=1, num_frames=30), folder / "videos" / "one person.mp4", folder / "truths")
    film(
        Scene(number=2, num_frames=30, absent=range(30)), folder / "videos" / "nobody.mp4", folder / "truths"
    )
    (folder / "videos" / "words.mp4").write_text("this is no video")
    return folder


def run(corpus: Path, out: Path, **changes: object) -> tuple[int, str]:
    console = Console(file=io.StringIO(), width=200)
    run_settings: Curation = replace(settings(corpus / "truths"), **changes)  # type: ignore[arg-type]
    code = curate(Curate(videos=corpus / "videos", out=out, settings=run_settings), console)
    assert isinstance(console.file, io.StringIO)
    return code, console.file.getvalue()


@pytest.fixture(scope="module")
def made(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("made") / "set"
    code, printed = run(corpus, out)
    assert code == 0, printed
    assert "nobody 1" in printed
    assert "invalid_data 1" in printed
    return out


def state(out: Path) -> dict[str, tuple[int, bytes]]:
    return {
        str(path): (path.stat().st_mtime_ns, path.read_bytes())
        for path in out.rglob("*")
        if path.is_file() and path.name != RUNNING
    }


def test_a_finished_job_touches_nothing(corpus: Path, made: Path) -> None:
    before = state(made)
    code, printed = run(corpus, made)
    assert code == 0
    assert "clips: 3 laps, 3 done" in printed
    assert state(made) == before


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_plain_webdataset_reads_the_shards(made: Path) -> None:  # it leaves the tar open
    (row,) = read_index(made).rows()
    (sample,) = webdataset.WebDataset(str(made / row.shard), shardshuffle=False).decode()
    assert sample["__key__"] == row.key
    assert sample["tracks.npz"]["joints2d"].shape == (30, 16, 2)
    assert sample["meta.json"]["frames"] == 30
    (raw,) = webdataset.WebDataset(str(made / row.shard), shardshuffle=False)
    with np.load(io.BytesIO(raw["tracks.npz"]), allow_pickle=False) as arrays:
        assert arrays["head_rotation"].shape == (30, 3, 3)


def test_run_json_says_what_made_it(made: Path) -> None:
    content = json.loads((made / "run.json").read_text())
    assert content["settings"]["samples_per_shard"] == 2
    assert content["estimators"]["person"]["name"] == "fake"


def test_check_and_preview(made: Path, tmp_path: Path) -> None:
    console = Console(file=io.StringIO())
    assert check(Check(out=made), console) == 0
    assert preview(Preview(data=made, out=tmp_path, videos=True), console) == 0
    (row,) = read_index(made).rows()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([f"{row.key}.mp4", "sheet_000.png"])


def test_damage_fails_the_check(made: Path, tmp_path: Path) -> None:
    copy = tmp_path / "set"
    subprocess.run(["cp", "-r", made, copy], check=True)
    (row,) = read_index(copy).rows()
    shard = copy / row.shard
    data = bytearray(shard.read_bytes())
    data[row.offset + row.size // 2] ^= 1
    shard.chmod(0o644)
    shard.write_bytes(data)
    assert check(Check(out=copy), Console(file=io.StringIO())) == 1


def test_too_little_kept_fails_and_names_the_step(corpus: Path, tmp_path: Path) -> None:
    code, printed = run(corpus, tmp_path / "set", min_kept_share=0.9)
    assert code == 1
    assert "too little was kept: 1 samples of 2 clips" in printed


def test_one_sentence_for_what_cannot_be_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], corpus: Path
) -> None:
    file = tmp_path / "file"
    file.write_text("")
    videos = str(corpus / "videos")
    for args in (
        ["curate", "--videos", str(tmp_path / "none"), "--out", str(tmp_path / "set")],
        ["curate", "--videos", videos, "--out", str(file)],
        ["curate", "--videos", videos, "--out", "/proc/nowhere/set"],
        ["check", str(tmp_path / "none")],
        ["preview", str(tmp_path / "none"), "--out", str(tmp_path / "sheets")],
    ):
        assert main(args) == 2, args
        output = capsys.readouterr().err
        assert output.startswith("understudy: "), args
        assert output.count("\n") == 1, output


def test_a_full_disk_is_one_sentence(corpus: Path, tmp_path: Path) -> None:
    code = (
        "import resource, signal, sys\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "from jobs.cli import main\n"
        "sys.exit(main(['curate', '--videos', sys.argv[1], '--out', sys.argv[2]]))"
    )
    done = execute(sys.executable, "-c", code, corpus / "videos", tmp_path / "set")
    assert done.returncode == 2, done.stderr
    assert done.stderr.strip().splitlines()[-1].startswith("understudy: ")
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "set" / "index.parquet").exists()
