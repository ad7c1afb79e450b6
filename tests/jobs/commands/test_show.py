"""`understudy show`: the picture holds what the loader gives."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from dataset.index import read_index
from jobs.choice import file_of
from jobs.cli import main
from jobs.commands.show import FRAME_PX, REFERENCE_PX, SMALL_PX, facts, parse
from jobs.console.contact_sheets import fit, label, overlay
from jobs.recipes.training import RECIPES
from model.data.epoch_order import OrderSettings
from model.data.loader import Loader
from model.data.maps import maps_of
from tests.model.data import sets

SETTINGS = [
    "--loader.order.max-tokens",
    "1500",
    "--loader.order.mixed-shards",
    "2",
    "--loader.order.alike",
    "2",
]


def shown(picture: np.ndarray, part: np.ndarray) -> bool:
    """Whether the part is in the picture, to the pixel; its corner may be covered by a word."""
    part = part[24:]
    found = cv2.matchTemplate(picture, part, cv2.TM_SQDIFF)
    y, x = np.unravel_index(found.argmin(), found.shape)
    return np.array_equal(picture[y : y + part.shape[0], x : x + part.shape[1]], part)


def drawn(data_set: Path, picture: Path, number: int, more: Sequence[str] = ()) -> int:
    return main(["show", str(data_set), "--picture", str(picture), "--batch", str(number), *SETTINGS, *more])


def test_a_batch_is_drawn_as_the_loader_gives_it(data_set, tmp_path, capsys):
    path = tmp_path / "new folder" / "batch.png"
    assert drawn(data_set, path, 3) == 0
    picture = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
    order = OrderSettings(max_tokens=1_500, mixed_shards=2, alike=2)
    batch = next(itertools.islice(Loader(str(data_set), sets.settings(order=order)), 3, None))
    output = capsys.readouterr().out
    assert f"batch 3: epoch 0, slot 3, {len(batch)} samples" in output
    assert "group full" in output
    assert "windows by canvas and number of frames" in output
    rows = {row.key: row for row in read_index(data_set).rows()}
    for number in range(len(batch)):
        video, skeleton, sphere = (np.asarray(part[number, :1]) for part in (batch.video, *maps_of(batch)))
        assert shown(picture, fit(overlay(video, skeleton, sphere)[0], FRAME_PX))
        assert shown(picture, fit(np.asarray(batch.face[number, -1]), SMALL_PX))
        text = label(facts(batch, number, file_of(rows[batch.keys[number]])), 600)
        assert shown(picture, np.concatenate([np.zeros((24, 600, 3), np.uint8), text]))
        for still, valid in zip(batch.references[number], batch.reference_valid[number], strict=True):
            assert shown(picture, fit(np.asarray(still), REFERENCE_PX)) or not valid


def test_a_sample_that_is_left_out_is_said_and_not_drawn(own_set, tmp_path, capsys):
    path = own_set / read_index(own_set).rows()[0].shard
    path.write_bytes(bytes(path.stat().st_size))
    codes = [drawn(own_set, tmp_path / "batch.png", number) for number in range(12)]  # a whole epoch
    assert set(codes) == {0, 3}
    assert "left out: " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("folder", "number", "expected"), [("nowhere", 0, "index.parquet"), (".", -1, "counted from 0")]
)
def test_what_cannot_be_shown_is_one_sentence(data_set, tmp_path, capsys, folder, number, expected):
    assert drawn(data_set / folder, tmp_path / "batch.png", number) == 2
    assert expected in capsys.readouterr().err


def test_a_batch_is_seen_as_a_recipe_trains(data_set, tmp_path, capsys):
    path = tmp_path / "batch.png"
    assert main(["show", str(data_set), "--picture", str(path), "--recipe", "tiny"]) == 0
    assert "25" in capsys.readouterr().out
    job = parse(["set", "--picture", "a.png", "--recipe", "tiny", "--loader.order.max-tokens", "900"])
    tiny = RECIPES["tiny"]().loader
    assert job.loader == replace(tiny, order=replace(tiny.order, max_tokens=900))


def test_a_batch_of_chosen_samples(data_set, tmp_path, capsys):
    path = tmp_path / "batch.png"
    args = ["show", str(data_set), "--picture", str(path), "--recipe", "tiny"]
    args += ["--loader.order.held-out", "0", "--where", "framing=full"]
    assert main(args) == 0
    full = sum(row.framing == "full" for row in read_index(data_set).rows())
    assert f" {full} " in next(line for line in capsys.readouterr().out.splitlines() if "all" in line)
    assert main([*args, "licence=none of these"]) == 2
    assert "no sample of" in capsys.readouterr().err


def test_chosen_samples_are_drawn_as_their_first_batches_have_them(data_set, tmp_path, capsys):
    path = tmp_path / "worst.png"
    assert drawn(data_set, path, 0, ["--sort", "motion", "--worst", "2"]) == 0
    output = capsys.readouterr().out
    picture = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
    order = OrderSettings(max_tokens=1_500, mixed_shards=2, alike=2)
    loader = Loader(str(data_set), sets.settings(order=order, epochs=2))
    first = {
        key: (place, batch, number)
        for place, batch in reversed(list(enumerate(loader)))
        for number, key in enumerate(batch.keys)
    }
    for row in sorted(read_index(data_set).rows(), key=lambda row: row.motion)[:2]:
        place, batch, number = first[row.key]
        epoch, slot = divmod(place, loader.order.slots_of(0))
        assert f"{row.key}: epoch {epoch}, slot {slot}\n" in output
        video, skeleton, sphere = (np.asarray(part[number, :1]) for part in (batch.video, *maps_of(batch)))
        assert shown(picture, fit(overlay(video, skeleton, sphere)[0], FRAME_PX))
    assert f"wrote {path}" in output


def test_a_chosen_sample_that_no_batch_has_is_told(data_set, tmp_path, capsys):
    rows = sorted(read_index(data_set).rows(), key=lambda row: row.frames)
    shortest, longest = rows[0], rows[-1]
    assert shortest.frames < longest.frames
    more = ["--loader.order.window.min-frames", str(longest.frames // 4 * 4 + 1)]
    more += ["--loader.order.max-dropped", "1", "--keys"]
    assert drawn(data_set, tmp_path / "one.png", 0, [*more, shortest.key, longest.key]) == 0
    assert f"in none of 4 epochs, for their length, canvas or group: {shortest.key}\n" in (
        capsys.readouterr().out
    )
    assert drawn(data_set, tmp_path / "none.png", 0, [*more, shortest.key]) == 2
    assert "in none of 4 epochs" in capsys.readouterr().err
