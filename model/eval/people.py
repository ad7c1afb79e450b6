"""A person as made beside the person who drives it: head, joints, expression, eyes, mouth and hands by frame.

What is not seen on either side has no value (NaN) and is counted beside: it is never taken for 0.
T frames, pixels of one canvas.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from schemas.arrays import Axes
from schemas.base import record
from schemas.joints import BODY_LIMBS, J

Values = NDArray[np.float64]
Mask = NDArray[np.bool_]

SEEN = 0.5
"""Least score of a joint that counts as seen."""
SHOULDERS_TO_TORSO = 1.4
"""A torso is so many shoulder widths long, where the hips are not seen."""
EYE_CORNERS, LIPS, MOUTH_CORNERS = (33, 263), (13, 14), (78, 308)
"""Points of the mesh: outer corners of the eyes, middles of the inner lips, inner corners of the mouth."""
LIMBS = np.array([(J[a], J[b]) for a, b in BODY_LIMBS])


@record
class SeenPerson:
    """What estimators saw of one person in the frames of a film."""

    joints2d: Annotated[NDArray[np.float32], Axes("t 16 2")]  # px
    joints_score: Annotated[NDArray[np.float32], Axes("t 16")]
    hands_score: Annotated[NDArray[np.float32], Axes("t 2")]  # 0 where a hand is not seen
    mesh: Annotated[NDArray[np.float32], Axes("t m 3")]  # px, depth in px too
    eyes_open: Annotated[NDArray[np.float32], Axes("t")]
    face: Annotated[NDArray[np.bool_], Axes("t")]  # it is seen
    rotation: Annotated[NDArray[np.float32], Axes("t 3 3")]  # of the head


def compared(made: SeenPerson, driver: SeenPerson, *, same_person: bool) -> dict[str, Values]:
    """Values of each frame by metric; between two people those alone that hold between two."""
    found = {
        "face_missing": missing(made.face, driver.face),
        "head_pose_deg": head_pose_deg(made, driver),
        "limbs_deg": limbs_deg(made, driver),
        "hands_seen": hands_seen(made, driver),
    }
    if same_person:
        found |= joints(made, driver.joints2d, driver.joints_score) | face(made, driver)
    return found


def missing(made: Mask, driver: Mask) -> Values:
    """1 where something that the driver shows is not seen, 0 where it is, NaN where the driver shows none."""
    return np.where(driver, ~made, np.nan).astype(np.float64)


def head_pose_deg(made: SeenPerson, driver: SeenPerson) -> Values:
    """Angle (T,) between two heads, degrees."""
    turn = np.einsum("tji,tjk->tik", made.rotation.astype(np.float64), driver.rotation.astype(np.float64))
    # the chord's length, which small angles are told from better than from the trace
    half = np.clip(np.linalg.norm(turn - np.eye(3), axis=(1, 2)) / np.sqrt(8), 0, 1)
    return np.where(made.face & driver.face, np.degrees(2 * np.arcsin(half)), np.nan)


def joints(made: SeenPerson, wanted: NDArray[np.float32], score: NDArray[np.float32]) -> dict[str, Values]:
    """`joints_torso` (mean distance, torsos), `pck_10`, `pck_20` (share nearer than 0.1 and 0.2 torso).

    Wanted are joints (T, 16, 2) with scores (T, 16): the driver's, or those on another's bones. Of the joints
    that both show; `joints_missing` is the share of the wanted that are not seen.
    """
    shown = score > SEEN
    both = shown & (made.joints_score > SEEN)
    length = torso(wanted, score)[:, None]
    far = np.where(both, np.linalg.norm(made.joints2d - wanted, axis=-1) / length, np.nan)
    return {
        "joints_torso": mean_over(far),
        "pck_10": mean_over(np.where(np.isfinite(far), far < 0.1, np.nan)),
        "pck_20": mean_over(np.where(np.isfinite(far), far < 0.2, np.nan)),
        "joints_missing": mean_over(np.where(shown, ~both, np.nan)),
    }


def torso(joints2d: NDArray[np.float32], score: NDArray[np.float32]) -> Values:
    """Length (T,) from neck to mid hips, px; by the shoulders where hips are not seen, NaN without both."""
    points, seen = joints2d.astype(np.float64), score > SEEN
    hips = points[:, [J["left_hip"], J["right_hip"]]].mean(axis=1)
    upright = np.linalg.norm(points[:, J["neck"]] - hips, axis=-1)
    across = np.linalg.norm(points[:, J["left_shoulder"]] - points[:, J["right_shoulder"]], axis=-1)
    whole = seen[:, [J["neck"], J["left_hip"], J["right_hip"]]].all(axis=1)
    wide = seen[:, [J["left_shoulder"], J["right_shoulder"]]].all(axis=1)
    length = np.where(whole, upright, np.where(wide, SHOULDERS_TO_TORSO * across, np.nan))
    return np.where(length > 0, length, np.nan)


def limbs_deg(made: SeenPerson, driver: SeenPerson) -> Values:
    """Mean angle (T,) between limbs in the picture, degrees: of bones of any length, so of any two people."""
    both = (made.joints_score > SEEN) & (driver.joints_score > SEEN)
    one, other = ((p.joints2d[:, LIMBS[:, 1]] - p.joints2d[:, LIMBS[:, 0]]) @ [1, 1j] for p in (made, driver))
    angles = np.degrees(np.abs(np.angle(one * np.conj(other))))
    return mean_over(np.where(both[:, LIMBS].all(axis=-1), angles, np.nan))


def face(made: SeenPerson, driver: SeenPerson) -> dict[str, Values]:
    """`expression` (% of the distance of the eyes), `eyes` and `mouth` (difference of their opening)."""
    both = made.face & driver.face
    return {
        "expression": np.where(both, expression(made.mesh, driver.mesh, both), np.nan),
        "eyes": np.where(both, np.abs(made.eyes_open - driver.eyes_open), np.nan).astype(np.float64),
        "mouth": np.where(both, np.abs(mouth_open(made) - mouth_open(driver)), np.nan),
    }


def expression(made: NDArray[np.float32], driver: NDArray[np.float32], both: Mask) -> Values:
    """Mean distance (T,) of mesh points once the heads lie on each other, % of the driver's eye distance."""
    found = np.full(len(made), np.nan)
    for t in np.flatnonzero(both):
        one, other = made[t].astype(np.float64), driver[t].astype(np.float64)
        width = np.linalg.norm(other[EYE_CORNERS[0]] - other[EYE_CORNERS[1]])
        found[t] = 100 * np.linalg.norm(laid(one, other) - other, axis=1).mean() / width
    return found


def laid(points: Values, target: Values) -> Values:
    """Points (n, 3) turned, scaled and moved to lie nearest to a target (n, 3) (Umeyama 1991)."""
    middle, goal = points.mean(axis=0), target.mean(axis=0)
    spread = points - middle
    u, singular, vt = np.linalg.svd((target - goal).T @ spread)
    sign = np.array([1.0, 1.0, np.linalg.det(u @ vt)])
    scale = (singular * sign).sum() / np.square(spread).sum()
    moved: Values = scale * spread @ ((u * sign) @ vt).T + goal
    return moved


def mouth_open(person: SeenPerson) -> Values:
    """Height of the open mouth over its width (T,); NaN where no face is seen."""
    mesh = person.mesh.astype(np.float64)
    if mesh.shape[1] <= max(MOUTH_CORNERS):
        return np.full(len(mesh), np.nan)
    height, width = (np.linalg.norm(mesh[:, a] - mesh[:, b], axis=-1) for a, b in (LIPS, MOUTH_CORNERS))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(person.face & (width > 0), height / width, np.nan)


def hands_seen(made: SeenPerson, driver: SeenPerson) -> Values:
    """Share (T,) of the driver's hands that are seen; NaN where the driver shows none."""
    return mean_over(np.where(driver.hands_score > 0, made.hands_score > 0, np.nan))


def likeness(made: Values, driver: Values) -> float:
    """Correlation of two curves where both have values; NaN where they are too short or do not move."""
    both = np.isfinite(made) & np.isfinite(driver)
    one, other = made[both], driver[both]
    if both.sum() < 3 or not one.std() or not other.std():
        return float("nan")
    return float(np.corrcoef(one, other)[0, 1])


def mean_over(values: NDArray[np.floating]) -> Values:
    """Mean over the last axis of what has a value; NaN where nothing has."""
    known = np.isfinite(values)
    count = known.sum(axis=-1)
    sums = np.where(known, values, 0).sum(axis=-1, dtype=np.float64)
    return np.where(count > 0, sums / np.maximum(count, 1), np.nan)
