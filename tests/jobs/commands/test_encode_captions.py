"""Captions of a manifest: embedded once for each tar, found by their text, given to whoever learns."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import torch

from dataset.index import read_index
from dataset.names import INDEX
from jobs.cli import main
from jobs.recipes.training import RECIPES
from jobs.stored.latents import on_latents
from model.data.batch import Batch
from model.data.loader import Loader
from model.data.sample_rng import DropoutRule
from model.data.settings import LatentSource, LoaderSettings
from model.encode.inputs import inputs_of
from model.nets.pretrained.captions import CaptionEncoder, caption_digest
from model.train.tasks import refuse_other_captions
from schemas.arrow import encode
from schemas.index import IndexRow
from schemas.latents import text_digest
from tests.jobs.commands.encoded import command, stored
from tests.model.data import sets
from tests.model.nets.pretrained.small_networks import save_text_encoder
from tests.model.train.runs import some_codec

TEXTS = ("a woman talks", "a man waves", "")


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_text_encoder(tmp_path_factory.mktemp("text"))


@pytest.fixture(scope="module")
def told(data_set: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data set, two of three samples with a caption; the last says nothing of it."""
    out = tmp_path_factory.mktemp("told")
    for name in ("shards", "run.json"):
        if (data_set / name).exists():
            (out / name).symlink_to(data_set / name)
    rows = [
        replace(row, extra=json.dumps({"caption": TEXTS[number % 3]}) if number < 15 else "")
        for number, row in enumerate(read_index(data_set).rows())
    ]
    pq.write_table(encode(rows, IndexRow), out / INDEX)
    return out


@pytest.fixture(scope="module")
def captioned(told: Path, texts: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("captioned")
    assert main(command(told, out, "--text-encoder", str(texts))) == 0
    return out


def reading(captioned: Path, dropout: DropoutRule | None = None) -> LoaderSettings:
    """The latents' windows and captions, nothing withheld but by a rule."""
    found = on_latents(RECIPES["tiny"](), [str(captioned)]).loader
    sample = replace(sets.settings().sample, dropout=dropout or DropoutRule(caption=0))
    order = replace(sets.settings().order, window=found.order.window)
    return sets.settings(latents=found.latents, sample=sample, order=order, epochs=1)


def caption_in(told: Path, key: str) -> str:
    rows = {row.key: row for row in read_index(told).rows()}
    text = rows[key].extra
    return str(json.loads(text)["caption"]) if text else ""


def test_each_caption_lies_once_in_each_tar_whose_samples_have_it(
    told: Path, captioned: Path, texts: Path
) -> None:
    rows = pq.read_table(captioned / "latents.parquet").to_pylist()
    found = [row for row in rows if row["key"].endswith("-caption")]
    wanted = {(row.shard, caption_in(told, row.key)) for row in read_index(told).rows()}
    assert sorted((row["shard"], row["sample_sha256"]) for row in found) == sorted(
        (shard, text_digest(text)) for shard, text in wanted if text
    )
    assert {row["vae"] for row in found} == {caption_digest(texts, torch.float32)}
    before = stored(captioned)
    assert main(command(told, captioned, "--text-encoder", str(texts))) == 0
    assert stored(captioned) == before, "a second run encodes nothing"


def test_a_batch_tells_the_caption_of_each_sample(told: Path, captioned: Path, texts: Path) -> None:
    encoder = CaptionEncoder(texts, torch.device("cpu"), torch.float32)
    told_of = 0
    for batch in Loader(str(told), reading(captioned)):
        assert batch.encoded
        for number, key in enumerate(batch.keys):
            text = caption_in(told, key)
            assert bool(batch.has_caption[number]) == bool(text)
            if text:
                wanted = encoder(text).half()  # of another process: the last bit of a sum may differ
                torch.testing.assert_close(
                    batch.caption[number, : len(wanted)], wanted, rtol=2**-9, atol=2**-9
                )
                assert not batch.caption[number, len(wanted) :].any()
                told_of += 1
    assert told_of == 10
    bare = replace(reading(captioned), latents=None)
    assert all(batch.caption.shape[1] == 0 for batch in Loader(str(told), bare))


def given(told: Path, settings: LoaderSettings) -> Batch:
    return next(batch for batch in Loader(str(told), settings) if batch.has_caption.any())


def test_what_learns_is_told_the_captions_that_are_not_withheld(told: Path, captioned: Path) -> None:
    batch = given(told, reading(captioned))
    conditions = inputs_of(batch, some_codec(), faces=False).conditions
    assert conditions.text is not None
    assert conditions.text_seen is not None
    assert torch.equal(conditions.text_seen, batch.has_caption)
    untold = given(told, reading(captioned, DropoutRule(references=0, everything=0, caption=1)))
    assert not inputs_of(untold, some_codec(), faces=False).conditions.text_seen.any()  # type: ignore[union-attr]
    alone = given(
        told, reading(captioned, DropoutRule(references=1, motion=0, face=0, everything=0, caption=0))
    )
    assert alone.drop_caption.all(), "a caption goes with the references"


def test_latents_say_by_what_captions_were_read_and_a_network_of_another_width_is_refused(
    told: Path, captioned: Path, texts: Path
) -> None:
    settings = on_latents(RECIPES["tiny"](), [str(captioned)])
    assert settings.loader.latents is not None
    assert settings.loader.latents.captions == caption_digest(texts, torch.float32)
    loader = Loader(str(told), reading(captioned))
    assert refuse_other_captions(settings, loader) == 10
    wide = replace(settings, sizes=replace(settings.sizes, text_width=48))
    with pytest.raises(ValueError, match="captions of 32 numbers a token, and a network that reads 48"):
        refuse_other_captions(wide, loader)


def test_latents_of_several_data_sets_go_together_or_say_why_not(
    told: Path, captioned: Path, data_set: Path, tmp_path: Path
) -> None:
    plain = tmp_path / "plain"
    assert main(command(data_set, plain, "--vae", str(captioned / "codec.npz"))) == 0
    with pytest.raises(ValueError, match="latents of different text encoders: encode both"):
        on_latents(RECIPES["tiny"](), [str(captioned), str(plain)])
    both = on_latents(RECIPES["tiny"](), [str(plain), str(plain)]).loader.latents
    assert both == LatentSource(root=str(plain), vae=both.vae, others=(str(plain),))  # type: ignore[union-attr]
    settings = replace(reading(captioned), latents=replace(both, root=str(captioned)))
    mixed = Loader((str(told), str(data_set)), settings)
    assert all(batch.encoded for batch in mixed), "each finds its own in one of the folders"
