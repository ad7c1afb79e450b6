"""Operations against what the networks' weights must at least do."""

from __future__ import annotations

import pytest

from pipeline.estimators.operations import DEPTH, RESEARCH, TOKENS, WIDTH, frames_per_s, vit_operations


def test_a_transformer_does_two_operations_a_weight_and_token() -> None:
    weights = 632e6  # of ViT-H as published
    assert vit_operations(TOKENS, DEPTH, WIDTH) == pytest.approx(2 * TOKENS * weights, rel=0.05)


def test_hands_are_two_crops_and_most_of_the_work() -> None:
    total = sum(work.per_frame for work in RESEARCH.values())
    assert RESEARCH["hands"].per_frame == 2 * RESEARCH["body"].per_frame
    assert 0.85 < (RESEARCH["hands"].per_frame + RESEARCH["body"].per_frame) / total < 0.95
    assert frames_per_s(2 * total) == pytest.approx(2)


def test_what_is_measured_counts_instead_of_operations() -> None:
    body, rest = RESEARCH["body"].per_frame, sum(RESEARCH[r].per_frame for r in RESEARCH if r != "body")
    told = frames_per_s(1e12, {"body": 10.0})
    assert 1 / told == pytest.approx(0.1 + rest / 1e12)
    assert 1 / frames_per_s(1e12, {"hands": 10.0}) == pytest.approx(
        0.2 + (body + rest - RESEARCH["hands"].per_frame) / 1e12
    )
