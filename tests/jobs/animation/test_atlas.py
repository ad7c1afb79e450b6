"""Views of a person kept from one film for the next."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dataset.arrays import pack, unpack
from jobs.animation.atlas import (
    MAX_VIEWS,
    AtlasView,
    Gathering,
    appearance_vector,
    as_given,
    best,
    chosen,
    refuse_stranger,
)
from jobs.animation.atlas_files import read_atlas, save_atlas
from jobs.animation.second_pass import DrivenPart
from pipeline.estimators.appearance.colours import ColourLayout
from tests.jobs.animation.test_second_pass import LOOK, SCENE, controlled, drive

EMBED = ColourLayout().build()


def view(yaw_deg: float, **changes: Any) -> AtlasView:
    plain = AtlasView(
        picture=np.full((64, 48, 3), 90, np.uint8),
        box=np.array([4, 4, 40, 60], np.float32),
        yaw=math.radians(yaw_deg),
        framing="half",
        similarity=0.9,
        sharpness=10.0,
        made=True,
        source="drive.mp4, frame 3",
    )
    return replace(plain, **changes)


def test_of_each_side_one_view_is_kept_given_before_made_and_sharp_before_blurred() -> None:
    blurred, sharp, given = view(2, sharpness=5.0), view(-3), view(1, made=False, sharpness=1.0)
    left, near, close = view(-60), view(40, similarity=0.7), view(40, framing="portrait")
    assert best([blurred, sharp]) == (sharp,)
    found = best([blurred, given, sharp, left, near, close])
    assert [(one.framing, round(math.degrees(one.yaw))) for one in found] == [
        ("half", -60), ("half", 1), ("half", 40), ("portrait", 40),
    ]  # fmt: skip
    assert len(best([view(179), view(-179)])) == 1
    framings = ("portrait", "half", "full")
    many = [view(deg, framing=f, similarity=0.5 + deg / 720) for deg in range(0, 360, 30) for f in framings]
    assert len(best(many)) == MAX_VIEWS
    assert min(one.similarity for one in best(many)) > 0.6


def test_views_are_those_of_the_sides_that_a_driver_shows() -> None:
    driver = controlled(SCENE)  # turns from -60 to 60 degrees
    views = [view(deg) for deg in (-170, -55, -40, 5, 62, 130)]
    sides = [round(math.degrees(one.yaw)) for one in chosen(views, driver, 1)]
    assert sides == [62, -55, 5]
    assert len(chosen(views, driver, 2)) == 2
    assert chosen(views, driver, 4) == []
    assert chosen([view(170)], driver, 1) == []
    closer = view(62, framing="portrait")
    assert chosen([closer, view(50)], driver, 1)[0].yaw == view(50).yaw  # of the framing of the driver


def test_a_film_gives_views_of_its_turn_that_look_like_the_first_picture() -> None:
    driver = controlled(SCENE)
    person = controlled(replace(SCENE, num_frames=25))
    part = DrivenPart(driver=driver, controls=driver.controls, person=person, drive=drive)
    first = as_given(LOOK, person, "person.jpg")
    frames = [np.repeat(LOOK[None], n, axis=0) for n in (40, 57)]
    gathering = Gathering(part)
    assert sum(len(some) for some in gathering.through(frames)) == 97
    found = gathering.views(first, EMBED, "drive.mp4")
    yaws = sorted(math.degrees(one.yaw) for one in found)
    assert yaws[0] < -50 < 50 < yaws[-1]
    assert all(one.source.startswith("drive.mp4, frame ") for one in found)
    short = Gathering(part)
    list(short.through([frames[0]]))
    assert max(int(one.source.split()[-1]) for one in short.views(first, EMBED, "d")) < 40
    strange = Gathering(part)
    noise = np.random.default_rng(0).integers(0, 255, LOOK.shape).astype(np.uint8)
    list(strange.through([np.repeat(noise[None], 97, axis=0)]))
    assert strange.views(first, EMBED, "drive.mp4") == []


def test_an_atlas_of_someone_else_is_refused() -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 48, 3)).astype(np.uint8)
    mine, other = view(0), view(0, picture=noise)
    vector = appearance_vector(mine.picture, mine.box, EMBED)
    refuse_stranger([mine, other], vector, EMBED, Path("a.atlas"))
    with pytest.raises(ValueError, match=r"a\.atlas: shows another person than the reference"):
        refuse_stranger([other], vector, EMBED, Path("a.atlas"))


def test_an_atlas_comes_back_from_its_file(tmp_path: Path) -> None:
    views = [view(-30), view(20.5, made=False, framing="full", source="Bild Ä.png")]
    for name in ("a", "b"):
        save_atlas(tmp_path / name, views)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    for one, back in zip(views, read_atlas(tmp_path / "a"), strict=True):
        assert np.array_equal(back.picture, one.picture)
        assert np.array_equal(back.box, one.box)
        assert back.yaw == pytest.approx(one.yaw)
        assert (back.framing, back.made, back.source) == (one.framing, one.made, one.source)


@pytest.mark.parametrize(
    "change",
    [
        {"picture_0": np.zeros((64, 48), np.uint8)},
        {"picture_0": np.zeros((5000, 1, 3), np.uint8)},
        {"picture_0": np.zeros((0, 4, 3), np.uint8)},
        {"source_0": np.zeros(5000, np.uint8)},
        {"numbers": np.full((1, 3), np.nan, np.float32)},
        {"box": np.zeros((2, 4), np.float32)},
        {"kind": np.array([[3, 0]], np.uint8)},
        {"kind": np.zeros((0, 2), np.uint8)},
        {"more": np.zeros(1, np.uint8)},
        {"box": None},
    ],
)
def test_what_is_no_atlas_is_refused(tmp_path: Path, change: Mapping[str, Any]) -> None:
    save_atlas(tmp_path / "a", [view(0)])
    arrays = {**unpack((tmp_path / "a").read_bytes()), **change}
    kept = {name: array for name, array in arrays.items() if array is not None}
    (tmp_path / "a").write_bytes(pack(kept))
    with pytest.raises(ValueError, match="a: not an atlas of a person"):
        read_atlas(tmp_path / "a")


def test_files_that_hold_no_arrays_are_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("hello")
    with (tmp_path / "large").open("wb") as file:
        file.truncate(2**40)
    for name in ("text", "large", "nowhere"):
        with pytest.raises(ValueError, match=f"{name}: not an atlas of a person"):
            read_atlas(tmp_path / name)
