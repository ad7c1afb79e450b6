"""What every mixture with a body model makes of a known person, fused on SMPL-X: within 1 px and 1 degree.

Networks know the answer and stand behind real crops and cameras, cut on the processor or as on a device.
"""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from pipeline.controls.smoothing import SmoothingSettings
from pipeline.controls.smplx_tree import ELBOWS, WRISTS, turns_in_camera
from pipeline.estimators.batches import ON_PROCESSOR
from pipeline.estimators.crop_grid import OnProcessor
from pipeline.estimators.device_crops import OnDevice
from pipeline.geometry import project
from pipeline.stages.control import Control, ControlSettings
from schemas.controls import Controlled
from schemas.tracks import PictureTrack, Tracked
from tests.contracts.test_known_answers import degrees, fitting, known, told_hands, told_of
from tests.pipeline.estimators.faceverse.test_head import FOCAL, HEIGHT, MIDDLE, WIDTH, seen_from
from tests.synth import Scene
from tests.tracked import clip_of

FRAMES = 8
STILL = ControlSettings(
    canvas_area=WIDTH * HEIGHT, smoothing=SmoothingSettings(body=0, hands=0, head=0, face_window=0)
)


class There(OnDevice):
    """Cuts as on a device, for networks of arrays."""

    def stacked(self, crops: list[torch.Tensor], /) -> Any:
        return super().stacked(crops).numpy()


def tracked(told: SimpleNamespace, embedded: tuple[str, ...]) -> Tracked:
    """The tracks of a mixture; embedded hands have no model."""
    clip = clip_of(Scene(width=WIDTH, height=HEIGHT, num_frames=FRAMES))
    hands = told.hands
    if "hands" in embedded:
        hands = replace(hands, rotations=hands.rotations[:, :, :0])
    return Tracked(
        key=clip.key, clip=clip, pictures=PictureTrack(fresh=np.ones(FRAMES, np.bool_)), person=told.person,
        body=told.body, hands=hands, face=told.face, head=told.head, appearance=told.appearance,
        provenance={},
    )  # fmt: skip


def controlled(
    embedded: tuple[str, ...], cutter: OnProcessor | There = ON_PROCESSOR
) -> tuple[Controlled, Controlled]:
    """The sample of a mixture, on a canvas of the pictures' size, and that of its head without the body.

    FaceVerse's camera is that of near faces: at its place the head is too large for the body, and left out.
    """
    whole = tracked(told_of(embedded, cutter), embedded)
    head = replace(whole, body=replace(whole.body, valid=np.zeros(FRAMES, np.bool_)))
    (result,), (alone,) = Control(STILL)(whole), Control(STILL)(head)
    np.testing.assert_allclose(result.to_canvas, np.eye(3)[:2], atol=1e-9)
    return result, alone


def px(one: NDArray[np.floating], other: NDArray[np.floating]) -> float:
    """The longest way between points."""
    return float(np.linalg.norm(one - other, axis=-1).max())


def check_pictures(result: Controlled, alone: Controlled, embedded: tuple[str, ...]) -> None:
    """What is drawn lies where the person is."""
    true, seen = known(), result.controls
    places = true.head_places(embedded)
    assert px(seen.joints2d, true.joints2d) < 1.0
    for side, name in enumerate(("left", "right")):
        assert px(getattr(seen, f"{name}_hand2d"), true.hands2d[:, side]) < 1.0
        assert (getattr(seen, f"{name}_hand_score") > 0).all()
    head = (result if "head" in embedded else alone).controls
    assert head.head_valid.all()
    assert degrees(head.head_rotation, seen_from(places, true.heads)) < 1.0
    assert px(head.head_center, project(places, FOCAL, MIDDLE)) < 1.0


def check_model(result: Controlled, embedded: tuple[str, ...]) -> None:
    """Rotations are the person's: of the body, and of hands that have a model."""
    true = known()
    assert result.smplx is not None
    local = np.concatenate([result.smplx.global_orient[:, None], result.smplx.body_pose], axis=1)
    inner = [joint for joint in range(22) if joint not in (*ELBOWS, *WRISTS)]
    assert degrees(local[:, inner], true.turns[:, inner]) < 1.0
    if "hands" in embedded:
        assert degrees(local, true.turns[:, :22]) < 1.0
        return
    assert degrees(turns_in_camera(local.astype(np.float64))[:, list(WRISTS)], true.wrists) < 1.0
    fingers = np.stack([result.smplx.left_hand_pose, result.smplx.right_hand_pose], axis=1)
    assert degrees(fingers, told_hands(true)[:, :, 1:]) < 1.0


@pytest.mark.parametrize("embedded", [one for one in fitting() if "body" not in one], ids="+".join)
def test_body_hands_and_head_are_the_persons(embedded: tuple[str, ...]) -> None:
    result, alone = controlled(embedded)
    check_pictures(result, alone, embedded)
    check_model(result, embedded)


def test_crops_cut_on_a_device_tell_the_same() -> None:
    result, alone = controlled((), There("cpu"))
    check_pictures(result, alone, ())
    check_model(result, ())


def test_wrists_bend_enough_to_tell() -> None:
    true = known()
    assert degrees(true.wrists, turns_in_camera(true.turns[:, :22])[:, list(WRISTS)]) > 20
