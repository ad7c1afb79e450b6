"""`understudy encode`, and what the loader makes of it."""

from __future__ import annotations

import io
import json
import logging
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
import webdataset

from dataset.index import read_index
from dataset.names import RUN, RUNNING
from engine.ledger import Ledger
from jobs.cli import main
from jobs.recipes.training import RECIPES
from jobs.stored.latents import on_latents
from model.data.augment import Augmentation, is_mirrored
from model.data.batch import Batch, as_input, tensors
from model.data.faults import TooManyUnfit
from model.data.loader import Loader
from model.data.sample_rng import SampleRng
from model.data.settings import LatentSource, LoaderSettings, SampleSettings
from model.data.windows import WindowRule
from model.nets.autoencoders.opened import open_codec
from model.nets.autoencoders.patches import PatchCodec
from model.nets.pretrained.folders import network_digest
from model.train.distributed import check_latents
from storage.place import Place
from tests.jobs.commands.encoded import command, replayed, stored
from tests.model.data import sets
from tests.stored import tar_in, write_shards

ROOT = Path(__file__).resolve().parents[3]
RULE = WindowRule(variants=2, max_frames=33)


def vae_of(latents: Path) -> str:
    return network_digest(latents / "codec.npz", torch.float32)


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


def test_a_second_run_encodes_nothing_and_changes_nothing(data_set, latents, monkeypatch):
    before = stored(latents)
    monkeypatch.setattr(PatchCodec, "encode", None)
    assert main(command(data_set, latents)) == 0
    assert main(["encode", "--out", str(latents)]) == 0
    assert main(command(data_set, latents, "--vae", str(latents / "codec.npz"))) == 0, "the same bytes"
    assert before == stored(latents)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (["--window.variants", "3"], "--window.variants: 2 before, 3 now"),
        (["--precision", "bfloat16"], "--precision: float32 before, bfloat16 now"),
    ],
)
def test_what_latents_depend_on_makes_them_anew_where_that_is_said(
    data_set, latents, tmp_path, change, line, capsys
):
    out = Path(shutil.copytree(latents, tmp_path / "latents"))
    untouched, ledger = stored(out), Ledger(out)
    lap = ledger.names("latents")[0]
    before = ledger.landed("latents", lap)
    other = command(data_set, out, "--vae", str(out / "codec.npz"), *change)
    assert main(other) == 2
    told = capsys.readouterr()
    assert line in told.out
    assert "without these flags the job goes on with its own, and --redo makes" in told.err
    assert stored(out) == untouched
    main([*other, "--redo"])
    after = ledger.landed("latents", lap)
    assert before is not None
    assert after is not None
    assert before.inputs != after.inputs


def messages(caplog: pytest.LogCaptureFixture) -> str:
    return " ".join(record.getMessage() for record in caplog.records)


def test_the_loader_says_what_does_not_match_and_decodes_it(data_set, latents, caplog):
    caplog.set_level(logging.INFO)
    fits = settings(latents, epochs=1)
    assert all(batch.encoded for batch in batches(data_set, fits))
    assert re.search(r"match (\d+) of \1 batches of epoch 0", messages(caplog))
    assert "the others are decoded" not in messages(caplog)

    caplog.clear()
    other_vae = replace(fits, latents=LatentSource(root=str(latents), vae="0" * 64))
    assert not any(batch.encoded for batch in batches(data_set, other_vae))
    assert "match 0 of" in messages(caplog)
    assert "rows are of another autoencoder or other rules" in messages(caplog)

    caplog.clear()
    other_windows = replace(fits, order=replace(fits.order, window=WindowRule(variants=3, max_frames=33)))
    loader = Loader(str(data_set), replace(other_windows, epochs=3))
    found = [batch.encoded for batch in loader]
    assert any(found)
    assert not all(found)
    assert "batches of epoch 2; the others are decoded: their windows" in messages(caplog)


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
    with pytest.raises(TooManyUnfit, match="wrong_digest"):
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


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (["--vae", "nothing.npz"], "nothing.npz: No such file or directory"),
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


def test_a_recipe_that_shrinks_canvases_is_told_so_before_a_codec_is_fitted(data_set, tmp_path, capsys):
    few = ["--recipe", "tiny", "--max-tokens", "10"]
    with pytest.MonkeyPatch.context() as patch:
        small = replace(RECIPES["tiny"]().loader.order, area=96 * 96)
        recipe = replace(RECIPES["tiny"](), loader=replace(RECIPES["tiny"]().loader, order=small))
        patch.setitem(RECIPES, "tiny", lambda: recipe)
        assert main(["encode", str(data_set), "--out", str(tmp_path / "latents"), *few]) == 2
    assert "curate for it with --settings.control.canvas-area 9216, or train" in capsys.readouterr().err
    assert not (tmp_path / "latents").exists()


def test_a_loader_that_mirrors_finds_no_latents_where_none_are_mirrored(data_set, latents):
    mirroring = SampleSettings(augment=Augmentation(mirror=0.5))
    assert not any(
        batch.encoded for batch in batches(data_set, settings(latents, sample=mirroring, epochs=1))
    )


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


def test_latents_of_a_stranger_choose_no_server(latents, tmp_path):
    out = Path(shutil.copytree(latents, tmp_path / "latents"))
    run = json.loads((out / "run.json").read_text())
    (out / "run.json").write_text(json.dumps(run | {"data": "s3://bucket/set?endpoint_override=elsewhere:9"}))
    with pytest.raises(ValueError, match="chooses its server"):
        replayed(out, "key")


def test_status_knows_the_legs_of_latents(data_set, latents, capsys, monkeypatch):
    assert main(command(data_set, latents)) == 0
    monkeypatch.setenv("COLUMNS", "200")
    capsys.readouterr()
    assert main(["status", str(latents)]) == 0
    output = capsys.readouterr().out
    assert "latents" in output
    laps = len(Ledger(latents).names("latents"))
    assert f"{laps} of {laps}" in output


def test_a_training_finds_all_windows_of_its_recipe_among_its_latents(
    data_set: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "latents"
    assert main(["encode", str(data_set), "--out", str(out), "--recipe", "tiny"]) == 0
    assert f"--out RUN --latents {out} --recipe tiny" in capsys.readouterr().out
    message = on_latents(RECIPES["tiny"](), [str(out)])
    assert message.vae == out / "codec.npz"
    assert message.loader.sample.augment.mirror == 0.5
    loader = Loader(str(data_set), replace(message.loader, workers=0))
    assert loader.latents is not None
    assert loader.encoded(loader.latents, 0).all()
    codec = open_codec(out / "codec.npz", torch.device("cpu"), torch.float32)
    plain = Loader(str(data_set), replace(message.loader, workers=0, latents=None))
    order, rule = loader.order.epoch(0), message.loader.sample.augment
    draws = [draw for slot in range(len(order)) for draw in order.slot(slot)]
    assert {is_mirrored(SampleRng(draw.seed), rule) for draw in draws} == {False, True}
    for encoded, shown in islice(zip(loader, plain, strict=True), len(order)):
        assert encoded.keys == shown.keys
        latents = codec.encode(as_input(shown.video))
        torch.testing.assert_close(encoded.latents.float(), latents, atol=5e-3, rtol=5e-3)
        flipped = codec.encode(as_input(shown.video.flip(3)))
        assert not torch.allclose(encoded.latents.float(), flipped, atol=5e-2)
    check_latents(message.loader.latents, network_digest(out / "codec.npz", torch.float32), out)
    with pytest.raises(ValueError, match="no latents that `understudy encode` has finished"):
        on_latents(RECIPES["tiny"](), [str(tmp_path / "none")])
