"""What test_control.py and test_control_head.py share."""

from pipeline.controls.smoothing import SmoothingSettings
from pipeline.stages.control import Control, ControlSettings
from schemas.controls import Controlled, Controls
from schemas.tracks import Tracked
from tests.synth import Scene

RAW = ControlSettings(smoothing=SmoothingSettings(body=0, hands=0, head=0, face_window=0))


FULL = Scene(width=640, height=960, turn_deg=(-60.0, 60.0))


def controlled(tracked: Tracked, settings: ControlSettings = RAW) -> Controlled:
    (result,) = Control(settings)(tracked)
    return result


def controls(tracked: Tracked, settings: ControlSettings = RAW) -> Controls:
    return controlled(tracked, settings).controls
