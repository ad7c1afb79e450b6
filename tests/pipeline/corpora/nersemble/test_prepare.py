"""A take becomes videos of the same moments, in colours that all cameras share, with the cameras' places."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from media.decode import decode
from media.probe import probe
from pipeline.corpora.nersemble.colour import decoded, encoded
from pipeline.corpora.nersemble.layout import FRONTAL, SERIALS, takes_in
from pipeline.corpora.nersemble.prepare import PreparedView, PrepareSettings, prepared, shown_pictures
from schemas.outcome import Reject
from tests.films import source_of
from tests.nersemble import SIZE, affine_of, angles, polynomial_of, write_take

FEW = (SERIALS[0], SERIALS[6], FRONTAL, SERIALS[9])
PICTURES = 30
SMALL = PrepareSettings(area=96 * 144)


def grey(number: int) -> float:
    """What picture `number` shows, 0 to 1."""
    return 0.25 + 0.5 * number / PICTURES


def raw(serial: str, version: int, num: int = PICTURES) -> np.ndarray[Any, Any]:
    """What a camera sees of a grey room that grows lighter: its colours, before they are corrected."""
    shown = np.array([np.full(3, grey(number)) for number in range(num)])
    if version == 1:
        affine = affine_of(serial)
        colours = (shown - affine[:, 3]) @ np.linalg.inv(affine[:, :3])
    else:
        colours = encoded(decoded(shown) @ np.linalg.inv(polynomial_of(serial)).T)
    assert 0 <= colours.min() <= colours.max() <= 1
    return np.broadcast_to(np.round(255 * colours)[:, None, None], (num, SIZE[1], SIZE[0], 3)).astype(
        np.uint8
    )


def made(tmp_path: Path, version: Literal[1, 2], serials: tuple[str, ...] = FEW, **how: Any) -> Path:
    return write_take(
        tmp_path / "data", lambda serial: raw(serial, version), version=version, serials=serials, **how
    )


def outcomes(folder: Path, out: Path) -> tuple[list[PreparedView], list[Reject]]:
    (take,) = takes_in(folder)
    found = list(prepared(take, out, SMALL))
    views = [one for one in found if isinstance(one, PreparedView)]
    return views, [one for one in found if isinstance(one, Reject)]


def pictures_of(path: Path) -> np.ndarray[Any, Any]:
    video = probe(source_of(path), max_pixels=2**24, max_duration_s=60, max_pixel_stretch=0.1)
    return np.concatenate(list(decode(video, 0, video.num_frames, window=8)))


def test_pictures_at_24_fps_are_those_that_are_shown() -> None:
    shown = shown_pictures(517)
    assert len(shown) == 170
    assert shown[:6] == [0, 3, 6, 9, 12, 15]
    assert set(np.diff(shown).tolist()) == {3, 4}
    times = np.array(shown) / 73
    assert np.abs(times - np.arange(170) / 24).max() < 1 / 73 + 1e-3, (
        "no picture is shown before or long after"
    )


@pytest.mark.parametrize("version", [1, 2])
def test_all_cameras_show_the_same_moments_in_the_same_colours(
    version: Literal[1, 2], tmp_path: Path
) -> None:
    views, rejects = outcomes(made(tmp_path, version), tmp_path / "out")
    assert rejects == []
    assert [view.origin.camera for view in views] == list(FEW)
    wanted = np.array([255 * grey(number) for number in shown_pictures(PICTURES)])
    for view in views:
        found = pictures_of(tmp_path / "out" / view.uri)
        assert len(found) == len(wanted)
        np.testing.assert_allclose(found.mean(axis=(1, 2)), np.tile(wanted[:, None], 3), atol=2.5)


def test_what_is_told_of_a_camera(tmp_path: Path) -> None:
    views, _ = outcomes(made(tmp_path, 2), tmp_path / "out")
    told = angles(FEW)
    for view in views:
        origin = view.origin
        assert (origin.subject, origin.take) == ("nersemble/017", "nersemble/017/SEN-01-cramp_small_danger")
        assert (origin.licence, origin.domain) == ("NeRSemble-NC", "talk")
        assert float(origin.extra["angle_deg"]) == pytest.approx(abs(told[origin.camera]), abs=0.01)
        assert origin.extra["part"] == "target"
        height, width = pictures_of(tmp_path / "out" / view.uri).shape[1:3]
        assert (width, height) == (96, 144)
        assert origin.lens is not None
        assert origin.lens.focal_px == pytest.approx(400 * 144 / SIZE[1], rel=0.01)
        assert (origin.lens.principal_x, origin.lens.principal_y) == pytest.approx((47.5, 71.5), abs=0.6)


@pytest.mark.parametrize("version", [1, 2])
def test_cameras_from_the_side_tell_looks_alone(version: Literal[1, 2], tmp_path: Path) -> None:
    folder = made(tmp_path, version, SERIALS)
    views, rejects = outcomes(folder, tmp_path / "out")
    assert (len(views), rejects) == (16, [])
    parts = {view.origin.camera: view.origin.extra["part"] for view in views}
    assert {serial for serial, part in parts.items() if part == "target"} == {
        serial for serial, angle in angles().items() if abs(angle) <= 45
    }
    (tmp_path / "out" / views[0].uri).write_bytes(b"as it was")
    outcomes(folder, tmp_path / "out")
    assert (tmp_path / "out" / views[0].uri).read_bytes() == b"as it was", "what is there is not made again"


def without_camera(person: Path) -> None:
    (person / "sequences" / "SEN-01-cramp_small_danger" / "images" / f"cam_{FEW[0]}.mp4").unlink()


def shorter(person: Path) -> None:
    images = person / "sequences" / "SEN-01-cramp_small_danger" / "images"
    write_take(person.parent / "short", lambda serial: raw(serial, 2, PICTURES - 5), version=2, serials=FEW)
    short = person.parent / "short" / "017" / "sequences" / images.parent.name / "images"
    shutil.copy(short / f"cam_{FEW[0]}.mp4", images)
    shutil.rmtree(person.parent / "short")


def no_video(person: Path) -> None:
    (person / "sequences" / "SEN-01-cramp_small_danger" / "images" / f"cam_{FEW[0]}.mp4").write_text(
        "no video"
    )


def looks_away(person: Path) -> None:
    """A camera that looks to the side, all of whose axes still meet elsewhere."""
    path = person / "calibration" / "camera_params.json"
    told = json.loads(path.read_text())
    turn = np.array([[0, 0, 1, 0], [0, 1, 0, 0], [-1, 0, 0, 0], [0, 0, 0, 1.0]])
    told["world_2_cam"][FEW[0]] = (turn @ np.array(told["world_2_cam"][FEW[0]])).tolist()
    path.write_text(json.dumps(told))


def other_pictures(person: Path) -> None:
    path = person / "calibration" / "camera_params.json"
    told = json.loads(path.read_text())
    own = dict.fromkeys(FEW, told["intrinsics"])
    own[FEW[0]] = [[800.0, 0, 5000], [0, 800, 5000], [0, 0, 1]]
    path.write_text(json.dumps({**told, "intrinsics": own}))


def no_colours(person: Path) -> None:
    path = person / "calibration" / "color_calibration.json"
    told = json.loads(path.read_text())
    del told[FEW[0]]
    path.write_text(json.dumps(told))


@pytest.mark.parametrize(
    ("change", "reason", "detail"),
    [
        (without_camera, "missing", f"camera {FEW[0]} of nersemble/017/SEN-01"),
        (shorter, "out_of_step", "25 pictures in"),
        (no_video, "invalid_data", ""),
        (looks_away, "wrong_camera", "the point that all cameras look at"),
        (other_pictures, "wrong_camera", "a principal point at 5000, 5000 in pictures of 320x220"),
        (no_colours, "wrong_colours", f"no matrix of camera {FEW[0]}"),
    ],
)
def test_a_camera_that_does_not_fit_is_a_reject_and_the_others_stay(
    change: Callable[[Path], None], reason: str, detail: str, tmp_path: Path
) -> None:
    folder = made(tmp_path, 2)
    change(folder / "017")
    views, rejects = outcomes(folder, tmp_path / "out")
    assert [(no.uri.rpartition("_")[2], no.reason) for no in rejects] == [(FEW[0], reason)]
    assert detail in rejects[0].detail
    assert [view.origin.camera for view in views] == list(FEW[1:])


def without_frontal(person: Path) -> None:
    (person / "sequences" / "SEN-01-cramp_small_danger" / "images" / f"cam_{FRONTAL}.mp4").unlink()


def without_calibration(person: Path) -> None:
    (person / "calibration" / "camera_params.json").unlink()


def broken_calibration(person: Path) -> None:
    (person / "calibration" / "camera_params.json").write_text("{")


@pytest.mark.parametrize(
    ("change", "reason"),
    [(without_frontal, "missing"), (without_calibration, "missing"), (broken_calibration, "wrong_camera")],
)
def test_a_take_without_what_all_need_is_one_reject(
    change: Callable[[Path], None], reason: str, tmp_path: Path
) -> None:
    folder = made(tmp_path, 2)
    change(folder / "017")
    views, rejects = outcomes(folder, tmp_path / "out")
    assert views == []
    assert [(no.uri, no.reason) for no in rejects] == [("nersemble/017/SEN-01-cramp_small_danger", reason)]


def test_without_any_colour_matrix_pictures_stay_as_they_are(tmp_path: Path) -> None:
    views, rejects = outcomes(made(tmp_path, 2, colours=False), tmp_path / "out")
    assert rejects == []
    found = pictures_of(tmp_path / "out" / views[0].uri)[0].mean(axis=(0, 1))
    np.testing.assert_allclose(found, raw(FEW[0], 2)[0, 0, 0], atol=3)


def test_calibration_and_colours_of_all_people_in_one_place(tmp_path: Path) -> None:
    """As VHAP lays version 1 out."""
    folder = made(tmp_path, 1)
    person = folder / "017"
    (folder / "camera_params" / "017").mkdir(parents=True)
    shutil.move(person / "camera_params.json", folder / "camera_params" / "017")
    (folder / "color_correction").mkdir()
    colours = person / "annotations" / "SEN-01-cramp_small_danger" / "color_correction"
    shutil.move(colours, folder / "color_correction" / "017")
    views, rejects = outcomes(folder, tmp_path / "out")
    assert (len(views), rejects) == (len(FEW), [])
    found = pictures_of(tmp_path / "out" / views[0].uri)[0].mean()
    assert found == pytest.approx(255 * grey(0), abs=2.5)
