"""Where each acceptance check of the model is tested: checks 11 to 23 of the method's list, by their numbers.

Check 24, that only the head changes with face tokens, needs a trained network: `LOG.md` says how far that is.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
CHECKS: dict[int, tuple[str, dict[str, tuple[str, ...]]]] = {
    11: (
        "a driver that is its own reference is not changed",
        {
            "sample/test_retarget.py": (
                "test_acceptance_11_a_driver_that_is_its_own_reference_stays_as_it_is",
            )
        },
    ),
    12: (
        "bones keep their lengths in 3D",
        {
            "sample/test_retarget.py": (
                "test_acceptance_12_bones_keep_their_lengths_over_time_and_are_the_references",
            )
        },
    ),
    13: (
        "twice the limbs are drawn twice as long, at the same angles",
        {
            "sample/test_retarget.py": (
                "test_twice_the_forearm_is_drawn_twice_as_long_in_its_old_direction",
                "test_acceptance_13_twice_the_limbs_are_drawn_twice_as_long_at_the_same_angles",
            )
        },
    ),
    14: (
        "missing legs of the reference never move the arms",
        {"sample/test_retarget.py": ("test_acceptance_14_missing_legs_never_move_the_arms",)},
    ),
    15: (
        "fresh pose, Ref Attn and Face Attn leave the base's answer as it is, to the bit",
        {
            "nets/test_dit.py": (
                "test_a_fresh_network_hears_neither_controls_nor_faces",
                "test_a_fresh_network_hears_references_in_the_joint_attention_only",
            ),
            "nets/pretrained/test_wan.py": (
                "test_a_fresh_network_without_references_says_what_its_base_says",
            ),
        },
    ),
    16: (
        "the order of references is told by their positions alone",
        {"nets/test_dit.py": ("test_the_order_of_references_is_told_by_their_positions_alone",)},
    ),
    17: (
        "a latent frame reads its own face tokens alone",
        {"nets/test_face.py": ("test_a_latent_frame_reads_its_own_faces_only",)},
    ),
    18: (
        "the face phase freezes all else, by digests",
        {
            "train/objectives/test_video.py": ("test_the_face_stage_moves_the_face_branch_and_nothing_else",),
            "train/test_loop.py": ("test_a_stage_moves_its_parts_and_nothing_else",),
            "train/test_phases.py": ("test_a_frozen_weight_that_moved_is_found_out",),
        },
    ),
    19: (
        "gradients reach the face encoder in phases 2 and 3 only",
        {"train/objectives/test_video.py": ("test_gradients_reach_the_face_encoder_in_the_later_stages",)},
    ),
    20: (
        "a handed-over frame has no loss",
        {"train/objectives/test_video.py": ("test_a_handed_over_frame_does_not_count",)},
    ),
    21: (
        "k segments make 73 + 72 (k - 1) frames",
        {
            "sample/test_segments.py": (
                "test_segments_share_a_frame",
                "test_a_video_has_the_frames_of_its_drive",
            )
        },
    ),
    22: (
        "equal weights of guidance: two and three answers agree",
        {
            "flow/test_guidance.py": ("test_nearly_equal_weights_take_three_answers_and_say_the_same",),
            "sample/test_segments.py": (
                "test_two_and_three_answers_a_step_agree_where_weights_are_nearly_equal",
            ),
        },
    ),
    23: (
        "the same seed and inputs give the same bytes",
        {
            "sample/test_segments.py": ("test_the_same_seed_gives_the_same_bytes_and_another_others",),
            "../jobs/commands/test_animate.py": ("test_a_picture_moves_and_sounds_as_the_video_does",),
            "../house/test_walk.py": ("test_a_picture_is_brought_to_life_with_its_sound",),
        },
    ),
}


def test_the_list_is_whole() -> None:
    assert list(CHECKS) == list(range(11, 24))


@pytest.mark.parametrize("number", CHECKS)
def test_each_check_has_its_tests(number: int) -> None:
    _, places = CHECKS[number]
    for file, names in places.items():
        tree = ast.parse((FOLDER / file).read_text())
        assert set(names) <= {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
