from __future__ import annotations

import numpy as np
import pytest

from jobs.synthetic.film import cast, frames
from jobs.synthetic.truth import truth
from pipeline.estimators.head_pose import MeshHead
from pipeline.estimators.mediapipe.body import MediapipeBody
from pipeline.estimators.mediapipe.face import MediapipeFace
from pipeline.estimators.mediapipe.hands import MediapipeHands
from pipeline.estimators.mediapipe.person import MediapipePerson
from pipeline.geometry import head_angles
from schemas.joints import J
from tests.jobs.synthetic.takes import take_of


@pytest.mark.parametrize("seed", [3, 8])
def test_the_embedded_estimators_see_a_person_with_face_and_hands(kept, seed):
    on = cast(
        take_of("talk", num_frames=6, fps=3.0, seed=seed, framing="half", width=360, height=480, sharpness=2),
        kept,
    )
    pictures, (result,) = frames(on), truth(on)
    person = MediapipePerson().build()(pictures)
    body, face = MediapipeBody().build()(pictures, person), MediapipeFace().build()(pictures, person)
    hands, head = MediapipeHands().build()(pictures, person), MeshHead().build()(pictures, face)
    assert person.valid.all()
    assert face.valid.all()
    assert (hands.score > 0.5).mean() >= 0.8
    arms = [J[f"{side}_{joint}"] for side in ("left", "right") for joint in ("shoulder", "elbow", "wrist")]
    torso = np.linalg.norm(result.joints2d[:, J["neck"]] - result.joints2d[:, J["pelvis"]], axis=1)
    errors = np.linalg.norm(body.joints2d - result.joints2d, axis=2)[:, arms] / torso[:, None]
    assert np.median(errors) < 0.08
    angles = np.degrees(np.array(head_angles(head.rotation)) - np.array(head_angles(result.head_seen)))
    assert np.abs(angles).mean() < 7
    assert np.abs(head.center - result.head_center).max() < 0.3 * result.head_radius.min()
