"""Films of methods are found by name, by table, or by the names that other systems give them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from jobs.evaluation.films import facts_of, pictures_of
from jobs.evaluation.layouts import LAYOUTS
from jobs.evaluation.manifest import BenchFile, BenchManifest, BenchPair, Decoding, DrivingFilm
from jobs.evaluation.results import MadeResult, results_of
from schemas.outcome import Rejected
from tests.jobs.evaluation.made_up import moving, write

REF, DRV = "0123456789abcdef", "fedcba9876543210"


def manifest(*names: str) -> BenchManifest:
    pairs = tuple(
        BenchPair(
            pair_id=name,
            kind="self",
            driving=DrivingFilm(uri=f"b.files/{DRV}{name}.mp4", sha256="", frames=20, fps=24.0),
            reference=BenchFile(uri=f"b.files/{REF}{name}.png", sha256=""),
            canvas=(96, 64),
            identity_id="",
            licence="",
        )
        for name in names
    )
    return BenchManifest(name="b", pairs=pairs, decode=Decoding(version="1"))


NAMES = {
    "liveportrait": f"{REF}a--{DRV}a.mp4",
    "xportrait": f"out_uc5.0_{REF}a_by_{DRV}a_mix3.mp4",
    "mimicmotion": f"{DRV}a_20260102030405.mp4",
    "dispose": f"{DRV}a_20260102030405.mp4",
    "champ": "a-2026-01-02T03-04-05/animation.mp4",
    "animate_anyone": f"20260102/0304--seed_42-512x784/{REF}a_{DRV}a_784x512_3.5_0304.mp4",
    "skyreels_a1": f"{REF}a-{DRV}a_output.mp4",
    "act_one": f"{DRV}a-{REF}a.mp4",
    "wan_animate": "a.mp4",
    "unianimate_dit": f"video_480P_{REF}a.png_{DRV}a.mp4",
    "scail": "a_000003.mp4",
}


@pytest.mark.parametrize("system", sorted(NAMES))
def test_films_are_found_by_the_names_of_their_systems(system: str, tmp_path: Path) -> None:
    path = tmp_path / "made" / NAMES[system]
    path.parent.mkdir(parents=True)
    path.touch()
    for other in (f"{REF}a--{DRV}a_concat.mp4", "grid.mp4", "b.mp4"):
        path.with_name(other).touch()
    (found,) = results_of([f"x={tmp_path / 'made'}"], [f"x={system}"], manifest("a", "c")).values()
    assert isinstance(found["a"], MadeResult)
    assert found["a"].path == path
    assert (found["a"].crop, found["a"].start) == (LAYOUTS[system].crop, LAYOUTS[system].start)
    assert f"no film of {system}" in str(found["c"])


def test_pictures_of_disco_are_a_film_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    assert NAMES.keys() | {"disco"} == LAYOUTS.keys()
    for name in (
        *(f"a_{n:04d}.png" for n in (10, 8, 9)),
        "a_0008_0001.png",
        "b_0003.png",
        f"{DRV}c_0001_png.png",
    ):
        (tmp_path / name).touch()
    (found,) = results_of([f"x={tmp_path}"], ["x=disco"], manifest("a", "c", "d")).values()
    assert found["a"] == MadeResult(
        path=tmp_path / "a_0008.png", pictures=tuple(tmp_path / f"a_{n:04d}.png" for n in (8, 9, 10))
    )
    assert isinstance(found["c"], MadeResult)
    assert "no film of disco" in str(found["d"])
    (tmp_path / "a_0012.png").touch()
    (tmp_path / f"{DRV}c_0001.png").touch()
    (found,) = results_of([f"x={tmp_path}"], ["x=disco"], manifest("a", "c")).values()
    assert "frame 11 is missing, the next picture is a_0012.png" in str(found["a"])
    assert "both are frame 1 of one pair's film" in str(found["c"])


def test_two_films_of_one_pair_are_neither(tmp_path: Path) -> None:
    for time in ("20260102030405", "20260102030406"):
        (tmp_path / f"{DRV}a_{time}.mp4").touch()
    (found,) = results_of([f"x={tmp_path}"], ["x=mimicmotion"], manifest("a")).values()
    assert "both are named as one pair's film" in str(found["a"])


def test_a_table_names_films_their_first_frame_and_their_column(tmp_path: Path) -> None:
    table = tmp_path / "made.csv"
    table.write_text("pair_id,result,start_frame,fps,crop\na,x/a.mp4,1,24,3/3\n")
    (found,) = results_of([f"x={table}"], [], manifest("a", "b")).values()
    assert found["a"] == MadeResult(path=tmp_path / "x" / "a.mp4", start=1, crop=(2, 3), fps=24.0)
    assert found["b"] == f"{table}: no row for b"


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("a,x.mp4,,,3/2", "crop '3/2': such as 3/3"),
        ("a,x.mp4,one,,", "start_frame 'one': a number such as 0"),
        ("a,x.mp4,-1,,", "start_frame '-1': a number such as 0"),
        ("a,x.mp4,,nan,", "fps 'nan': frames a second, more than 0"),
        ("z,x.mp4,,,", "pair z is none of the benchmark"),
        ("a,x.mp4,,,\na,y.mp4,,,", "pair a is there twice"),
        ("a,,,,", "row 1 has no result"),
    ],
)
def test_a_table_of_results_that_is_wrong_names_the_pair(tmp_path: Path, row: str, words: str) -> None:
    table = tmp_path / "made.csv"
    table.write_text(f"pair_id,result,start_frame,fps,crop\n{row}\n")
    with pytest.raises(ValueError, match=words):
        results_of([f"x={table}"], [], manifest("a"))


@pytest.mark.parametrize(
    ("made", "layouts", "words"),
    [
        (["x"], [], "NAME=PLACE is wanted"),
        (["a/b={}"], [], "NAME=PLACE is wanted"),
        (["driving={}"], [], "the name driving is taken"),
        (["x={}", "x={}"], [], "the name x is taken"),
        (["x=/nowhere"], [], "/nowhere: no folder of films, and no table"),
        (["x={}"], ["y=champ"], "--made names no y"),
        (["x={}"], ["x=chimp"], "none that is known; those are act_one, animate_anyone"),
    ],
)
def test_methods_that_cannot_be_told_are_refused(
    tmp_path: Path, made: list[str], layouts: list[str], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        results_of([word.format(tmp_path) for word in made], layouts, manifest("a"))


def test_a_column_of_a_grid_from_a_frame_on_in_another_size(tmp_path: Path) -> None:
    truth = moving(6)
    grid = np.concatenate([255 - truth, truth[:, ::-1], truth], axis=2)
    video = facts_of(write(tmp_path / "grid.mp4", grid))
    found = np.stack(list(pictures_of(video, start=2, crop=(2, 3))))
    assert found.shape == (4, 64, 96, 3)
    assert np.abs(found.astype(int) - truth[2:]).mean() < 4
    small = np.stack(list(pictures_of(video, crop=(2, 3), size=(48, 32))))
    assert small.shape == (6, 32, 48, 3)
    with pytest.raises(Rejected, match="288 px wide, not 5 columns"):
        list(pictures_of(video, crop=(0, 5)))
