"""Joint names, limbs and mirrors agree with each other and with formats.md."""

from __future__ import annotations

import pytest

from schemas.joints import BODY_JOINTS, BODY_LIMBS, HAND_JOINTS, HAND_LIMBS, J, mirrored


def test_the_body_has_16_joints_and_none_on_the_face():
    assert len(BODY_JOINTS) == len(set(BODY_JOINTS)) == 16
    assert [BODY_JOINTS[J[name]] for name in BODY_JOINTS] == list(BODY_JOINTS)
    assert not any(word in name for name in BODY_JOINTS for word in ("nose", "eye", "ear", "head"))


def test_body_limbs_form_a_tree_from_the_neck_over_all_joints_but_the_pelvis():
    reached = {"neck"}
    for start, stop in BODY_LIMBS:
        assert start in reached
        assert stop not in reached
        reached.add(stop)
    assert reached == set(BODY_JOINTS) - {"pelvis"}


def test_hand_points_are_wrist_then_fingers_from_root_to_tip():
    assert HAND_JOINTS[0] == "wrist"
    assert HAND_JOINTS[4] == "thumb_4"
    assert HAND_JOINTS[5] == "index_1"
    assert HAND_JOINTS[20] == "little_4"


def test_every_finger_is_a_chain_from_the_wrist():
    assert len(HAND_LIMBS) == 20
    for start, stop in HAND_LIMBS:
        if HAND_JOINTS[stop].endswith("_1"):
            assert start == 0
        else:
            assert start == stop - 1
            assert HAND_JOINTS[start][:-1] == HAND_JOINTS[stop][:-1]


def test_mirrored_swaps_left_and_right_and_undoes_itself():
    partner = mirrored(BODY_JOINTS)
    assert [partner[partner[n]] for n in range(16)] == list(range(16))
    assert partner[J["neck"]] == J["neck"]
    assert partner[J["pelvis"]] == J["pelvis"]
    for name in BODY_JOINTS[2:]:
        other = BODY_JOINTS[partner[J[name]]]
        assert {name.partition("_")[0], other.partition("_")[0]} == {"left", "right"}
        assert name.partition("_")[2] == other.partition("_")[2]


def test_mirrored_limbs_are_limbs():
    partner = mirrored(BODY_JOINTS)
    swapped = {(BODY_JOINTS[partner[J[a]]], BODY_JOINTS[partner[J[b]]]) for a, b in BODY_LIMBS}
    assert swapped == set(BODY_LIMBS)


def test_mirrored_needs_both_sides():
    with pytest.raises(ValueError, match="not in tuple"):
        mirrored(("neck", "left_wrist"))
