from __future__ import annotations

from collections import Counter

import pytest

from model.data.reference_rule import ReferenceRule
from model.data.sample_rng import DropoutRule, SampleRng, draw_dropout, draw_references

FAR = (100.0, 110.0)
"""A window away from all references, s."""


def test_answers_depend_on_seed_and_name_alone():
    assert SampleRng(3).unit("a") == SampleRng(3).unit("a")
    assert SampleRng(3).unit("a") != SampleRng(3).unit("b")
    assert SampleRng(3).unit("a") != SampleRng(4).unit("a")
    assert SampleRng(3).order("a", 5).tolist() == SampleRng(3).order("a", 5).tolist()
    first, second = SampleRng(3).generator("n"), SampleRng(3).generator("n")
    assert first.standard_normal() == second.standard_normal()


def test_references_are_one_half_the_time_and_else_two_to_four_alike():
    rule = ReferenceRule()
    drawn = [tuple(draw_references(SampleRng(s), rule, (0.0, 1.0, 2.0, 3.0), FAR)) for s in range(6_000)]
    sizes = Counter(map(len, drawn))
    assert sizes[1] / 6_000 == pytest.approx(0.5, abs=0.03)
    for size in (2, 3, 4):
        assert sizes[size] / 6_000 == pytest.approx(1 / 6, abs=0.02)
    firsts = Counter(some[0] for some in drawn)
    assert all(firsts[n] / 6_000 == pytest.approx(0.25, abs=0.03) for n in range(4)), "no slot comes first"
    assert all(len(set(some)) == len(some) for some in drawn)


def test_references_outside_the_window_come_before_others():
    """Half a second, 12 frames, is outside enough (method.md 6)."""
    times_s = (4.4, 5.5, 6.6, 4.6)
    seen = set()
    for seed in range(300):
        shown = draw_references(SampleRng(seed), ReferenceRule(), times_s, (5.0, 6.0))
        assert set(shown[:2]) <= {0, 2} or len(shown) > 2
        if len(shown) == 1:
            seen.add(shown[0])
        if len(shown) >= 2:
            assert {0, 2} <= set(shown)
    assert seen == {0, 2}


def test_one_reference_is_all_there_is():
    assert {tuple(draw_references(SampleRng(s), ReferenceRule(), (0.0,), (0.0, 1.0))) for s in range(20)} == {
        (0,)
    }
    two = ReferenceRule(single=0.0, max_references=2)
    assert {len(draw_references(SampleRng(s), two, (0.0, 1.0, 2.0, 3.0), FAR)) for s in range(50)} == {2}


def test_dropout_shares():
    rule = DropoutRule()
    drawn = Counter(
        (d.references, d.pose, d.face) for d in (draw_dropout(SampleRng(s), rule) for s in range(10_000))
    )
    expected = {
        (True, False, False): 0.10,
        (False, True, True): 0.10,
        (False, False, True): 0.10,
        (True, True, True): 0.05,
        (False, False, False): 0.65,
    }
    assert set(drawn) == set(expected)
    for case, share in expected.items():
        assert drawn[case] / 10_000 == pytest.approx(share, abs=0.012)


def test_dropout_that_adds_up_to_more_than_all_is_refused():
    with pytest.raises(ValueError, match="at most 1 in all"):
        DropoutRule(references=0.9, motion=0.2)
