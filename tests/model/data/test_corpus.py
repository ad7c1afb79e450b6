"""The loader on shards that the pipeline made of real clips with its real estimators."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from dataset.arrays import unpack
from dataset.index import read_index
from dataset.tar import read_members, samples_in
from jobs.cli import main
from media.decode import decode_bytes
from model.data.batch import Batch
from model.data.epoch_order import OrderSettings
from model.data.loader import Loader
from model.data.maps import maps_of
from model.data.settings import LoaderSettings
from model.data.windows import WindowRule
from schemas.controls import Controls
from schemas.drawing import draw_skeleton, draw_spheres
from tests.model.data.sets import apart

WINDOWS = OrderSettings(
    window=WindowRule(max_frames=33), max_tokens=25_000, mixed_shards=1, alike=1, max_dropped=1
)
SETTINGS = LoaderSettings(order=WINDOWS, workers=0, epochs=6)

Slots = list[tuple[tuple[str, ...], tuple[int, ...]]]


def test_what_is_given_is_what_was_stored(real_set):
    members: dict[str, dict[str, bytes]] = {}
    for path in sorted((real_set / "shards").rglob("*.tar")):
        with path.open("rb") as file:
            members |= {sample.key: read_members(file, sample) for sample in samples_in(file)}
    framing = {row.key: row.framing for row in read_index(real_set).rows()}
    seen: list[str] = []
    for batch in Loader(str(real_set), SETTINGS):
        skeletons, spheres = maps_of(batch)
        for number, (key, start) in enumerate(zip(batch.keys, batch.starts, strict=True)):
            span = slice(start, start + batch.video.shape[1])
            controls = Controls(**unpack(members[key]["tracks.npz"]))
            height, width = batch.video.shape[2:4]
            assert np.array_equal(batch.video[number], decode_bytes(members[key]["video.mp4"])[span])
            assert apart(skeletons[number], draw_skeleton(controls, width, height, span)) <= 1
            assert apart(spheres[number], draw_spheres(controls, width, height, span)) <= 1
            assert skeletons[number].any() or framing[key] == "portrait", "a body was found"
            assert batch.reference_valid[number].any()
            seen.append(key)
    assert sorted(framing.values()) == ["full", "half", "portrait"]
    full = [framing[key] for key in seen].count("full")
    assert (full, len(seen)) == (6 * 2, 6 * 3), "of an epoch's three draws half are of full figures: two"


def slots_of(batches: list[Batch]) -> Slots:
    return [(batch.keys, batch.starts) for batch in batches]


@pytest.mark.parametrize(("world_size", "workers"), [(1, 1), (2, 0), (3, 2)])
def test_stopped_and_resumed_on_other_ranks_the_rest_comes(real_set, world_size, workers):
    whole = slots_of(list(Loader(str(real_set), SETTINGS)))
    loader = Loader(str(real_set), SETTINGS)
    done = slots_of(list(itertools.islice(loader, 3)))
    rest = []
    for rank in range(world_size):
        settings = LoaderSettings(order=WINDOWS, workers=workers, epochs=6, batches_ahead_mib=2_000)
        resumed = Loader(str(real_set), settings, rank=rank, world_size=world_size)
        resumed.load_state_dict(loader.state_dict())
        rest.append(slots_of(list(resumed)))
    steps = (len(whole) - 3) // world_size
    assert (
        done + [slot for step in zip(*rest, strict=True) for slot in step] == whole[: 3 + steps * world_size]
    )


def test_it_can_be_looked_at(real_set, tmp_path):
    picture = tmp_path / "batch.png"
    limits = ["--loader.order.window.max-frames", "33", "--loader.order.mixed-shards", "1"]
    assert main(["show", str(real_set), "--picture", str(picture), *limits]) == 0
    assert picture.stat().st_size > 100_000
