"""A window that follows the person: in it throughout, of few aspects, no smaller than asked."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.controls.person_frame import SHAPES, grown_to, person_window
from pipeline.geometry import apply_affine, principal_point, project
from pipeline.stages.control import ControlSettings
from schemas.controls import Controlled
from tests.pipeline.stages.figure_controls import RAW, controlled
from tests.synth import Scene
from tests.tracked import tracked_of

WIDE = (0, 0, 1920, 1080)
CANVASES = ((576, 1024), (640, 960), (784, 784), (1024, 576))
PERSON = replace(RAW, frame="person", canvas_area=40_000, max_aspect_miss=0.2)
SMALL = Scene(width=640, height=480, framing="full", num_frames=48, turn_deg=(-40.0, 40.0))


@given(
    st.tuples(st.floats(0, 1), st.floats(0, 1)),
    st.tuples(st.floats(0.02, 1), st.floats(0.02, 1)),
    st.floats(0, 0.3),
    st.sampled_from([0.0, 150_000.0]),
)
def test_window_holds_the_box_and_its_margin_within_the_pictures(corner, size, margin, least_px):
    low = np.array(corner) * [1700, 900]
    high = np.minimum(low + np.array(size) * [1920, 1080], [1919, 1079])
    found = person_window(np.concatenate([low, high]), WIDE, CANVASES, margin, least_px)
    if found is None:  # only what no aspect but the pictures' own would hold
        assert (high - low)[0] + 2 * margin * (high - low).max() > 1079 * 1024 / 576 - 2
        return
    (x0, y0, x1, y1), canvas = found
    assert 0 <= x0 < x1 <= 1920
    assert 0 <= y0 < y1 <= 1080
    aside = margin * (high - low).max()
    assert (np.array([x0, y0]) - 0.5 <= np.maximum(low - aside, -0.5) + 1.5).all()
    assert (np.array([x1, y1]) - 0.5 >= np.minimum(high + aside, [1919.5, 1079.5]) - 1.5).all()
    assert (x1 - x0) / (y1 - y0) == pytest.approx(canvas[0] / canvas[1], rel=0.05)
    assert (x1 - x0) * (y1 - y0) >= 0.98 * least_px


def test_smallest_of_the_aspects_is_taken_and_a_far_person_is_not_enlarged_beyond_the_limit():
    standing = np.array([900.0, 300, 1000, 700])
    assert person_window(standing, WIDE, CANVASES, 0.1, 0.0) == ((816, 260, 1086, 740), (576, 1024))
    found = person_window(standing, WIDE, CANVASES, 0.1, 614_400 / 4)
    assert found is not None
    window, _ = found
    assert (window[2] - window[0]) * (window[3] - window[1]) == pytest.approx(614_400 / 4, rel=0.01)


def test_person_as_wide_as_the_pictures_has_none():
    assert person_window(np.array([0.0, 400, 2399, 800]), (0, 0, 2400, 1000), CANVASES, 0.1, 0.0) is None


def test_window_grows_to_another_aspect_and_stays_where_none_fits():
    assert grown_to((800, 0, 1400, 1080), (1000, 1000), WIDE) == (560, 0, 1640, 1080)
    assert grown_to((0, 0, 1920, 1080), (1000, 1000), WIDE) == (0, 0, 1920, 1080)


def person() -> Controlled:
    return controlled(tracked_of(SMALL), PERSON)


def test_canvas_of_a_person_is_one_of_few_and_holds_every_joint():
    tall = replace(SMALL, width=1280, height=480)
    whole, close = (
        controlled(tracked_of(tall), replace(PERSON, frame=frame)) for frame in ("source", "person")
    )
    assert whole.clip.shown == (0, 0, 1280, 480)
    x0, y0, x1, y1 = close.clip.shown
    assert 0 < x0 < x1 < 1280
    assert 0 <= y0 < y1 <= 480
    assert close.to_canvas[0, 0] > 1.5 * whole.to_canvas[0, 0], "the person is larger"
    joints = close.controls.joints2d
    assert ((joints >= 0) & (joints < [close.width, close.height])).all()
    aspects = [w / h for w, h in SHAPES]
    assert min(abs(close.width / close.height / aspect - 1) for aspect in aspects) < 0.2
    shift = close.to_canvas[:, 2] - whole.to_canvas[:, 2] * close.to_canvas[0, 0] / whole.to_canvas[0, 0]
    zoom = close.to_canvas[0, 0] / whole.to_canvas[0, 0]
    np.testing.assert_allclose(joints, whole.controls.joints2d * zoom + shift, atol=1e-2)


def test_camera_of_a_crop_keeps_its_axis():
    close = person()
    middle = apply_affine(close.to_canvas, principal_point(SMALL.width, SMALL.height))
    seen = project(close.controls.joints3d, float(close.controls.camera_focal), middle)
    np.testing.assert_allclose(seen, close.controls.joints2d, atol=1e-2)


def test_source_is_the_default():
    assert ControlSettings().frame == "source"
