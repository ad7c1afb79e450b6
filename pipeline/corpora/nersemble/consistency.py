"""How well the cameras of a take agree on a head: the known answer is that they do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pipeline.controls.smoothing import Mask
from pipeline.corpora.nersemble.calibration import PlacedCamera
from pipeline.estimators.head_pose import turn_towards
from pipeline.geometry import Array, rotation_vector


@dataclass(frozen=True, kw_only=True)
class SeenHead:
    """A head as one camera's tracks tell it."""

    rotation: Array  # t 3 3, as a camera turned towards the head sees it (`schemas.tracks.HeadTrack`)
    center: Array  # t 2, px
    valid: Mask  # t


def in_the_world(head: SeenHead, camera: PlacedCamera) -> Array:
    """Rotations (t, 3, 3) from the head's axes to the world's."""
    middle = camera.intrinsics[:2, 2]
    focal_px = (camera.intrinsics[0, 0] + camera.intrinsics[1, 1]) / 2
    rays = np.column_stack([(head.center - middle) / focal_px, np.ones(len(head.center))])
    return np.asarray(camera.rotation.T @ turn_towards(rays) @ head.rotation)


def disagreement_deg(heads: Mapping[str, SeenHead], cameras: Mapping[str, PlacedCamera]) -> dict[str, float]:
    """For each camera the mean angle between its head and those of all others at the same moments, degrees.

    Only moments at which both measured one count; NaN where there are none.
    """
    world = {serial: in_the_world(head, cameras[serial]) for serial, head in heads.items()}
    return {serial: mean_angle(serial, world, heads) for serial in heads}


def mean_angle(serial: str, world: Mapping[str, Array], heads: Mapping[str, SeenHead]) -> float:
    """The mean angle of one camera's head to those of all others, degrees."""
    angles = []
    for other in heads.keys() - {serial}:
        both = np.asarray(heads[serial].valid & heads[other].valid, np.bool_)
        turned = np.swapaxes(world[serial][both], -1, -2) @ world[other][both]
        angles.append(np.degrees(np.linalg.norm(rotation_vector(turned), axis=-1)))
    every = np.concatenate([np.zeros(0), *angles])
    return float(every.mean()) if len(every) else float("nan")
