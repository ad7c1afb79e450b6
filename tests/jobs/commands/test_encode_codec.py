"""The codec of latents, samples that cannot be encoded, and replays."""

from __future__ import annotations

import random
import shutil
import signal
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from dataset.index import read_index
from engine.ledger import Ledger
from jobs.cli import main
from tests.jobs.commands.encoded import command, replayed
from tests.resume.command_job import contents, run_command


def test_a_sample_that_cannot_be_read_is_a_reject(data_set, latents, tmp_path):
    data = Path(shutil.copytree(data_set, tmp_path / "data"))
    row = read_index(data).row(4)
    damage(data / row.shard, row.offset + 700)
    out = tmp_path / "out"
    assert main(command(data, out, "--vae", str(latents / "codec.npz"))) == 3
    rejects = Ledger(out).rejects("latents", row.shard.removeprefix("shards/")[:-4].replace("/", "-"))
    assert rejects["reason"].to_pylist() in (["wrong_digest"] * 2, ["wrong_digest"] * 3)
    assert all(key.startswith(row.key) for key in rejects["key"].to_pylist())


@pytest.mark.timeout(400)
@pytest.mark.parametrize("whom", ["job", "worker"])
def test_killed_at_random_and_started_again_it_gives_the_same_bytes(
    data_set, latents, changes, tmp_path, whom
):
    """The job with its process, or its process alone, which the job replaces."""
    out, draw = tmp_path / "latents", random.Random(whom)
    assert changes > 20
    for _ in range(2):
        at = draw.randrange(1, changes)
        killed = run_command(out, *command(data_set, out), kill_at=at, whom=whom)
        assert killed.returncode in (-signal.SIGKILL, 0), killed.stderr
    assert main(command(data_set, out)) == 0
    assert contents(out) == contents(latents)


def test_a_codec_whose_landing_was_cut_off_is_fitted_again(data_set, latents, tmp_path):
    """As by a kill after the codec has its place and before its lap is marked."""
    out = Path(shutil.copytree(latents, tmp_path / "latents"))
    (out / "landings" / "codec" / "part-000000.done").unlink()
    assert main(command(data_set, out)) == 0
    assert contents(out) == contents(latents)


def test_a_codec_that_was_there_before_any_run_is_taken_as_it_is(data_set, latents, tmp_path):
    out = tmp_path / "latents"
    out.mkdir()
    shutil.copy(latents / "codec.npz", out)
    for _ in range(2):
        assert main(command(data_set, out)) == 0
        assert Ledger(out).names("codec") == []
    assert (out / "latents.parquet").read_bytes() == (latents / "latents.parquet").read_bytes()


def test_the_bytes_do_not_depend_on_the_number_of_threads(data_set, latents, tmp_path, monkeypatch):
    out = tmp_path / "latents"
    monkeypatch.setenv("OMP_NUM_THREADS", "4")
    assert main(command(data_set, out)) == 0
    assert contents(out) == contents(latents)


def grown(data_set: Path, folder: Path) -> Path:
    """The data set before a sample came: without the last row of its index."""
    data = Path(shutil.copytree(data_set, folder))
    table = pq.read_table(data / "index.parquet")
    pq.write_table(table.slice(0, table.num_rows - 1), data / "index.parquet")
    return data


def test_a_codec_is_fitted_once_whatever_comes_later(data_set, latents, tmp_path):
    out = tmp_path / "latents"
    assert main(command(grown(data_set, tmp_path / "before"), out)) == 0
    codec = (out / "codec.npz").read_bytes()
    assert codec != (latents / "codec.npz").read_bytes()
    assert main(command(data_set, out)) == 0
    assert (out / "codec.npz").read_bytes() == codec
    (out / "codec.npz").unlink()
    assert main(command(data_set, out)) == 0
    assert contents(out) == contents(latents)


def test_a_sample_that_no_codec_can_be_fitted_to_is_a_reject(data_set, tmp_path, capsys):
    data, out = Path(shutil.copytree(data_set, tmp_path / "data")), tmp_path / "out"
    row = read_index(data).row(4)
    damage(data / row.shard, row.offset + 700)
    assert main(command(data, out)) == 3
    assert Ledger(out).rejects("codec", "000000")["reason"].to_pylist() == ["wrong_digest"]
    assert main(command(data, out)) == 3


@pytest.mark.parametrize("leg", ["codec", "latents"])
def test_a_reject_is_replayed_alone_and_goes_through_once_mended(data_set, tmp_path, leg):
    data, out = Path(shutil.copytree(data_set, tmp_path / "data")), tmp_path / "out"
    row = read_index(data).row(4)
    damage(data / row.shard, row.offset + 700)
    assert main(command(data, out)) == 3
    ledger = Ledger(out)
    key = next(row["key"] for name in ledger.names(leg) for row in ledger.rejects(leg, name).to_pylist())
    before = contents(out)
    code, result = replayed(out, key)
    assert (code, "rejected again: wrong_digest" in result) == (1, True)
    damage(data / row.shard, row.offset + 700)
    code, result = replayed(out, key)
    assert (code, "goes through now" in result) == (0, True)
    assert contents(out) == before


def test_too_little_for_a_codec_is_one_sentence(data_set, tmp_path, capsys):
    data, out = Path(shutil.copytree(data_set, tmp_path / "data")), tmp_path / "out"
    index = read_index(data)
    for number in range(len(index)):
        damage(data / index.row(number).shard, index.row(number).offset + 700)
    assert main(command(data, out)) == 2
    output = capsys.readouterr().err
    assert "no sample could be read to fit a codec to" in output
    assert "Traceback" not in output
    assert not (out / "codec.npz").exists()


def damage(path: Path, place: int) -> None:
    """Turn a bit of a file."""
    whole = bytearray(path.read_bytes())
    whole[place] ^= 1
    path.write_bytes(whole)
