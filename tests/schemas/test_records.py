"""Records: arrays checked and made read-only at birth, fields never edited."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from typing import Annotated

import numpy as np
import pytest
from numpy.typing import NDArray

from schemas.arrays import Axes
from schemas.base import record


@record
class Pair:
    """Two arrays that share an axis."""

    name: str
    joints: Annotated[NDArray[np.float32], Axes("t 4 2")]
    valid: Annotated[NDArray[np.bool_], Axes("t")]
    focal: Annotated[NDArray[np.float64], Axes("")]


def pair(**changes):
    fields = {
        "name": "a",
        "joints": np.zeros((5, 4, 2), np.float32),
        "valid": np.ones(5, np.bool_),
        "focal": np.array(2.0),
    }
    return Pair(**fields | changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"joints": np.zeros((5, 4, 2))}, "Pair.joints: expected an array of float32, got one of float64"),
        ({"valid": np.ones(5, np.uint8)}, "Pair.valid: expected an array of bool, got one of uint8"),
        ({"valid": [True] * 5}, "Pair.valid: expected an array of bool, got a list"),
        ({"focal": np.float64(2)}, "Pair.focal: expected an array of float64, got a float64"),
        (
            {"joints": np.zeros((5, 8), np.float32)},
            r"Pair.joints: expected axes \(t 4 2\), got shape \(5, 8\)",
        ),
        (
            {"joints": np.zeros((5, 4, 3), np.float32)},
            "Pair.joints: axis '2' has size 3, the record says 2",
        ),
        ({"valid": np.ones(6, np.bool_)}, "Pair.valid: axis 't' has size 6, Pair.joints says 5"),
        ({"focal": np.ones(1)}, r"Pair.focal: expected axes \(\), got shape \(1,\)"),
    ],
)
def test_an_array_of_the_wrong_form_is_refused_with_both_sides_named(changes, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        pair(**changes)


def test_no_frames_is_a_size_too():
    assert pair(joints=np.zeros((0, 4, 2), np.float32), valid=np.ones(0, np.bool_)).valid.shape == (0,)


def test_arrays_are_read_only_and_the_givers_array_stays_writable():
    given = np.zeros((5, 4, 2), np.float32)
    made = pair(joints=given)
    with pytest.raises(ValueError, match="read-only"):
        made.joints[0] = 1
    with pytest.raises(ValueError, match="read-only"):
        made.focal[...] = 1
    given[0] = 1
    assert made.joints.base is given


def test_fields_cannot_be_edited_added_or_given_by_place():
    made = pair()
    with pytest.raises(FrozenInstanceError):
        made.name = "b"
    with pytest.raises((AttributeError, TypeError)):
        made.extra = 1
    with pytest.raises(TypeError, match="positional"):
        Pair("a", made.joints, made.valid, made.focal)  # type: ignore[call-arg]


def test_a_changed_copy_is_checked_again():
    assert replace(pair(), name="b").name == "b"
    with pytest.raises(ValueError, match=r"Pair\.valid"):
        replace(pair(), valid=np.ones(4, np.bool_))


def test_a_record_may_check_more_once_its_arrays_are_right():
    @record
    class Sure:
        score: Annotated[NDArray[np.float32], Axes("t")]

        def __post_init__(self) -> None:
            if self.score.max() > 1:
                raise ValueError("score above 1")

    with pytest.raises(ValueError, match=r"Sure\.score: expected an array"):
        Sure(score=np.full(3, 2.0))
    with pytest.raises(ValueError, match="score above 1"):
        Sure(score=np.full(3, 2, np.float32))
