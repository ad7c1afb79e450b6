"""`understudy encode`, and what the loader makes of it."""

from __future__ import annotations

import io
import json
import logging
import random
import re
import shutil
import signal
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
import webdataset
from rich.console import Console

from dataset.index import read_index
from dataset.names import RUN, RUNNING
from engine.ledger import Ledger
from jobs.cli import main
from jobs.commands.replay import Replay
from jobs.commands.replay import replay as run_replay
from jobs.recipes.training import RECIPES
from jobs.stored.latents import on_latents
from model.data.augment import Augmentation
from model.data.batch import Batch, as_input, tensors
from model.data.loader import Loader
from model.data.settings import LatentSource, LoaderSettings, SampleSettings
from model.data.windows import WindowRule
from model.nets.autoencoders.opened import codec_digest
from model.nets.autoencoders.patches import PatchCodec
from model.train.distributed import check_latents
from storage.place import Place
from tests.model.data import sets
from tests.processes import execute
from tests.stored import tar_in, write_shards

ROOT = Path(__file__).resolve().parents[3]
RULE = WindowRule(variants=2, max_frames=33)


def command(data: Path, out: Path | str, *more: str) -> list[str]:
    rule = ["--window.variants", "2", "--window.max-frames", "33", "--max-tokens", "1500"]
    return ["encode", str(data), "--out", str(out), *rule, *more]


@pytest.fixture(scope="module")
def latents(data_set, tmp_path_factory) -> Path:
    out: Path = tmp_path_factory.mktemp("latents")
    assert main(command(data_set, out)) == 0
    return out


def vae_of(latents: Path) -> str:
    return codec_digest(latents / "codec.npz", torch.float32)


def settings(latents: Path | str | None, vae: str | None = None, **changes: Any) -> LoaderSettings:
    order = replace(sets.settings().order, window=RULE)
    source = latents and LatentSource(root=str(latents), vae=vae or vae_of(Path(latents)))
    return sets.settings(**{"order": order, "latents": source, "epochs": 2, **changes})


def batches(data_set: Path, settings: LoaderSettings) -> Iterator[Batch]:
    return iter(Loader(str(data_set), settings))


@pytest.mark.parametrize("workers", [0, 2])
def test_latents_are_those_of_the_pictures_they_stand_for(data_set, latents, workers):
    codec = PatchCodec.load(latents / "codec.npz")
    given = batches(data_set, settings(latents, workers=workers))
    shown = batches(data_set, settings(None))
    for encoded, plain in zip(given, shown, strict=True):
        assert encoded.encoded
        assert not plain.encoded
        expected = codec.encode(as_input(plain.video))
        torch.testing.assert_close(encoded.latents, expected.half(), atol=4e-3, rtol=2e-3)
        for mine, theirs, valid in zip(
            encoded.reference_latents, plain.references, plain.reference_valid, strict=True
        ):
            expected = codec.encode(as_input(theirs[:, None]))[:, :, 0]
            torch.testing.assert_close(mine[valid], expected[valid].half(), atol=4e-3, rtol=2e-3)
            assert not mine[~valid].any()
        assert encoded.video.numel() == encoded.references.numel() == 0
        for name in set(tensors(plain)) - {"video", "references", "latents", "reference_latents"}:
            assert torch.equal(getattr(encoded, name), getattr(plain, name)), name
        assert (encoded.keys, encoded.starts) == (plain.keys, plain.starts)


def stored(latents: Path) -> dict[Path, bytes]:
    """What lies there, but for what the run says of itself."""
    return {
        path: path.read_bytes()
        for path in latents.rglob("*")
        if path.is_file() and path.name not in {RUN, RUNNING}
    }


def test_a_second_run_encodes_nothing_and_changes_nothing(data_set, latents, monkeypatch):
    before = stored(latents)
    monkeypatch.setattr(PatchCodec, "encode", None)
    assert main(command(data_set, latents)) == 0
    assert before == stored(latents)


@pytest.mark.parametrize("change", [["--window.variants", "3"], ["--precision", "bfloat16"]])
def test_what_latents_depend_on_makes_them_anew(data_set, latents, tmp_path, change, capsys):
    out = Path(shutil.copytree(latents, tmp_path / "latents"))
    before = Ledger(out).landed("latents", "96x144-000000")
    main(command(data_set, out, "--vae", str(out / "codec.npz"), *change))
    after = Ledger(out).landed("latents", "96x144-000000")
    assert before is not None
    assert after is not None
    assert before.inputs != after.inputs


def said(caplog: pytest.LogCaptureFixture) -> str:
    return " ".join(record.getMessage() for record in caplog.records)


def test_the_loader_says_what_does_not_match_and_decodes_it(data_set, latents, caplog):
    caplog.set_level(logging.INFO)
    fits = settings(latents, epochs=1)
    assert all(batch.encoded for batch in batches(data_set, fits))
    assert re.search(r"match (\d+) of \1 batches of epoch 0", said(caplog))
    assert "the others are decoded" not in said(caplog)

    caplog.clear()
    other_vae = replace(fits, latents=LatentSource(root=str(latents), vae="0" * 64))
    assert not any(batch.encoded for batch in batches(data_set, other_vae))
    assert "match 0 of" in said(caplog)
    assert "rows are of another autoencoder or other rules" in said(caplog)

    caplog.clear()
    other_windows = replace(fits, order=replace(fits.order, window=WindowRule(variants=3, max_frames=33)))
    loader = Loader(str(data_set), replace(other_windows, epochs=3))
    found = [batch.encoded for batch in loader]
    assert any(found)
    assert not all(found)
    assert "batches of epoch 2; the others are decoded: their windows" in said(caplog)


def test_latents_of_other_bytes_do_not_match(data_set, latents, tmp_path, caplog):
    """The same keys with other content: the data set was made anew."""
    other, videos = tmp_path / "other", tmp_path / "videos"
    videos.mkdir()
    write_shards(other, videos, crf=30)
    mine, theirs = (read_index(out).table["sha256"].to_pylist() for out in (data_set, other))
    assert not set(mine) & set(theirs)
    assert not any(batch.encoded for batch in batches(other, settings(latents, epochs=1)))


def test_rules_of_another_version_do_not_match(data_set, latents, monkeypatch):
    monkeypatch.setattr("model.data.latents.LATENTS", 2)
    assert not any(batch.encoded for batch in batches(data_set, settings(latents, epochs=1)))


def test_damaged_latents_stop_the_run_or_are_left_out_and_counted(data_set, latents, tmp_path):
    out = Path(shutil.copytree(latents, tmp_path / "latents"))
    path = tar_in(out, "96x144/000001")
    data = bytearray(path.read_bytes())
    data[1_000] ^= 1
    path.write_bytes(data)
    with pytest.raises(RuntimeError, match="wrong_digest"):
        list(batches(data_set, settings(out)))
    loader = Loader(str(data_set), settings(out, max_unfit=100))
    shown = [key for batch in loader for key in batch.keys]
    assert len(shown) + len(loader.unfit) == 32
    assert {fault.reason for fault in loader.unfit} == {"wrong_digest"}
    path.unlink()
    loader = Loader(str(data_set), settings(out, max_unfit=100))
    list(loader)
    assert {fault.reason for fault in loader.unfit} == {"missing_shard"}


def test_plain_webdataset_reads_latents(data_set, latents):
    path = tar_in(latents, "96x144/000000")
    with path.open("rb") as stream:
        files = webdataset.tariterators.tar_file_expander([{"url": str(path), "stream": stream}])
        samples = list(webdataset.tariterators.group_by_keys(files))
    rows = pq.read_table(latents / "latents.parquet", columns=["key", "shard"]).to_pylist()
    assert sorted(sample["__key__"] for sample in samples) == [
        row["key"] for row in rows if row["shard"] == f"shards/96x144/{path.name}"
    ]
    for sample in samples:
        array = np.load(io.BytesIO(sample["latents.npy"]))
        assert array.dtype == np.float16
        assert array.shape[-2:] == (18, 12)


def test_a_sample_that_cannot_be_read_is_a_reject(data_set, latents, tmp_path):
    data = Path(shutil.copytree(data_set, tmp_path / "data"))
    row = read_index(data).row(4)
    damage(data / row.shard, row.offset + 700)
    out = tmp_path / "out"
    assert main(command(data, out, "--vae", str(latents / "codec.npz"))) == 3
    rejects = Ledger(out).rejects("latents", row.shard.removeprefix("shards/")[:-4].replace("/", "-"))
    assert rejects["reason"].to_pylist() in (["wrong_digest"] * 2, ["wrong_digest"] * 3)
    assert all(key.startswith(row.key) for key in rejects["key"].to_pylist())


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (["--vae", "nothing.npz"], "nothing.npz'"),
        (["--window.variants", "None"], "windows are drawn anew every time"),
        (["--device", "cuda"], "needs a GPU"),
        (
            ["--max-tokens", "10"],
            "no clip of group 'all' fits the token budget: max_tokens is 10",
        ),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    data_set, latents, tmp_path, capsys, more, expected, monkeypatch
):
    monkeypatch.setattr("jobs.long_run.num_cuda_devices", lambda: 0)
    shutil.copy(latents / "codec.npz", tmp_path)
    assert main(command(data_set, tmp_path, *more)) == 2
    assert expected in capsys.readouterr().err


def test_a_loader_that_mirrors_takes_no_latents(latents):
    with pytest.raises(ValueError, match="no mirrored samples"):
        settings(latents, sample=SampleSettings(augment=Augmentation(mirror=0.5)))


def test_a_store_holds_the_bytes_of_the_disk(data_set, latents, cloud):
    out = "s3://bucket/latents"
    assert main(command(data_set, out)) == 0
    place = Place.at(out)
    wanted = {
        path.relative_to(latents).as_posix()
        for path in stored(latents)
        if path.suffix != ".done"  # markers tell times
    }
    found = {entry.name for entry in place.files() if not entry.name.endswith(".done")}
    assert found == wanted | {RUN, RUNNING}
    assert all(place.read(name) == (latents / name).read_bytes() for name in wanted)
    assert all(batch.encoded for batch in batches(data_set, settings(out, vae_of(latents))))
    cloud.asked()
    assert main(command(data_set, out)) == 0
    changes = {line for line in cloud.asked() if not line.startswith(("GET", "HEAD"))}
    assert changes == {f"PUT /bucket/latents/{RUNNING}"}


def contents(out: Path) -> dict[str, bytes | str]:
    """What latents are: all files but what a run says of itself, of markers what the laps gave."""
    files = {path.relative_to(out).as_posix(): path for path in stored(out)}
    ledger = Ledger(out)
    result: dict[str, bytes | str] = {}
    for name, path in files.items():
        if path.suffix == ".done":
            landed = ledger.landed(path.parent.name, path.stem.removeprefix("part-"))
            assert landed is not None
            result[name] = landed.content
        else:
            result[name] = path.read_bytes()
    return result


@pytest.fixture(scope="module")
def changes(data_set, latents, tmp_path_factory) -> int:
    """Changes of files that an undisturbed run makes, the fit of its codec included."""
    out = tmp_path_factory.mktemp("counted") / "latents"
    done = execute(sys.executable, "-m", "tests.resume.encode_job", out, 0, "job", *command(data_set, out))
    assert done.returncode == 0, done.stderr
    assert contents(out) == contents(latents)
    return int(done.stdout.split()[-1])


@pytest.mark.timeout(400)
@pytest.mark.parametrize("whom", ["job", "worker"])
def test_killed_at_random_and_started_again_it_gives_the_same_bytes(
    data_set, latents, changes, tmp_path, whom
):
    """The job with its process, or its process alone, which the job replaces."""
    out, draw = tmp_path / "latents", random.Random(whom)
    assert changes > 20
    for _ in range(3):
        at = draw.randrange(1, changes)
        killed = execute(
            sys.executable, "-m", "tests.resume.encode_job", out, at, whom, *command(data_set, out)
        )
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


def replayed(out: Path, key: str) -> tuple[int, str]:
    """How a replay ends, and what it says."""
    console = Console(file=io.StringIO(), width=200)
    code = run_replay(Replay(out=str(out), key=key), console)
    assert isinstance(console.file, io.StringIO)
    return code, console.file.getvalue()


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


def test_latents_of_a_stranger_choose_no_server(latents, tmp_path):
    out = Path(shutil.copytree(latents, tmp_path / "latents"))
    run = json.loads((out / "run.json").read_text())
    (out / "run.json").write_text(json.dumps(run | {"data": "s3://bucket/set?endpoint_override=elsewhere:9"}))
    with pytest.raises(ValueError, match="chooses its server"):
        replayed(out, "key")


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


def test_status_knows_the_legs_of_latents(data_set, latents, capsys, monkeypatch):
    assert main(command(data_set, latents)) == 0
    monkeypatch.setenv("COLUMNS", "200")
    capsys.readouterr()
    assert main(["status", str(latents)]) == 0
    output = capsys.readouterr().out
    assert "latents" in output
    laps = len(Ledger(latents).names("latents"))
    assert f"{laps} of {laps}" in output


def damage(path: Path, place: int) -> None:
    """Turn a bit of a file."""
    whole = bytearray(path.read_bytes())
    whole[place] ^= 1
    path.write_bytes(whole)


def test_a_training_finds_all_windows_of_its_recipe_among_its_latents(
    data_set: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "latents"
    assert main(["encode", str(data_set), "--out", str(out), "--recipe", "tiny"]) == 0
    assert f"--out RUN --latents {out} --recipe tiny" in capsys.readouterr().out
    message = on_latents(RECIPES["tiny"](), str(out))
    assert message.vae == out / "codec.npz"
    assert message.loader.sample.augment.mirror == 0
    loader = Loader(str(data_set), replace(message.loader, workers=0))
    assert loader.latents is not None
    assert loader.encoded(loader.latents, 0).all()
    assert next(iter(loader)).encoded
    check_latents(message.loader.latents, codec_digest(out / "codec.npz", torch.float32), out)
    with pytest.raises(ValueError, match="no latents that `understudy encode` has finished"):
        on_latents(RECIPES["tiny"](), str(tmp_path / "none"))
