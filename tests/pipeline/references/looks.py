"""What test_reference.py and test_half_body.py share."""

from dataclasses import replace

import numpy as np

from pipeline.stages.control import Control, ControlSettings
from pipeline.stages.reference import PickReferences, ReferenceSettings
from schemas.controls import Controlled, PersonClips
from schemas.sample import Sample
from schemas.tracks import Tracked
from tests.synth import Scene
from tests.tracked import tracked_of

HALF = Scene(width=640, height=480, framing="half", num_frames=97, turn_deg=(-60.0, 60.0))


FULL = replace(HALF, framing="full")


def controlled(tracked: Tracked) -> Controlled:
    (made,) = Control(ControlSettings())(tracked)
    return made


def clip(scene: Scene, first_frame: int = 0, **appearance: np.ndarray) -> Controlled:
    made = controlled(tracked_of(scene, first_frame))
    parts = ("face_sharpness", "hand_sharpness", "eyes_open")
    count = len(appearance.get("frames", made.appearance.frames))
    own = {name: getattr(made.appearance, name)[:count] for name in parts}
    return replace(made, appearance=replace(made.appearance, **(own | appearance)))


def samples(*clips: Controlled, settings: ReferenceSettings | None = None) -> list[Sample]:
    cast = PersonClips(key="0123456789ab-0", person="0123456789ab-0", members=clips)
    return list(PickReferences(settings or ReferenceSettings(allow_no_face=True))(cast))
