"""The pictures that must never change while `schemas.version.DRAWING` stays the same."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schemas.controls import Controls
from schemas.drawing import draw_skeleton, draw_spheres
from tests.synth import Scene, true_controls

FOLDER = Path(__file__).parent


def cases() -> dict[str, NDArray[np.uint8]]:
    """Pictures by name."""
    full = rounded(true_controls(Scene(width=160, height=240, num_frames=25, turn_deg=(0, 100))))
    near = rounded(
        true_controls(Scene(width=480, height=320, num_frames=25, framing="half", turn_deg=(-70, 20)))
    )
    faint = np.where(np.arange(16) % 5 == 4, np.float32(0.29), np.float32(0.3)) * np.ones_like(
        full.joints_score
    )
    return {
        "skeleton_front": draw_skeleton(full, 160, 240, slice(0, 1))[0],
        "skeleton_side": draw_skeleton(full, 160, 240, slice(22, 23))[0],
        "skeleton_faint": draw_skeleton(replace(full, joints_score=faint), 160, 240, slice(10, 11))[0],
        "skeleton_beyond_border": draw_skeleton(near, 360, 240, slice(6, 7))[0],
        "sphere_front": draw_spheres(full, 160, 240, slice(0, 1))[0],
        "sphere_turned": draw_spheres(near, 360, 240, slice(6, 7))[0],
    }


def rounded(controls: Controls) -> Controls:
    """The same numbers to 1/64: what another machine's sine rounds differently makes no other picture."""
    arrays: dict[str, Any] = {f.name: getattr(controls, f.name) for f in fields(controls)}
    floats = {name: a for name, a in arrays.items() if a.dtype == np.float32}
    coarse: dict[str, Any] = {
        name: np.asarray(np.round(a * 64) / 64, np.float32) for name, a in floats.items()
    }
    return replace(controls, **coarse)
