"""How late the sound of a source is: many weak answers that agree, and such as agree by chance alone."""

from __future__ import annotations

import numpy as np
import pytest

from jobs.audits.voices import source_offsets
from pipeline.measures.synchrony import FAR_LAG, mouth_curve
from tests.pipeline.measures.test_measures import speaking

LAGS = np.arange(-FAR_LAG, FAR_LAG + 1)


def curve(seed: int, lag: float, share: float) -> str:
    """What a mouth tells by chance, and so much at a lag."""
    chance = 0.1 * np.random.default_rng(seed).beta(2, 2, len(LAGS))
    told = chance + share * np.exp(-((LAGS - lag) ** 2) / 4)
    return np.round(255 * told).astype(np.uint8).tobytes().hex()


def offsets(*curves: str, sources: list[int]) -> np.ndarray:
    return source_offsets(np.full(len(curves), 200), np.array(sources), curves)


def test_weak_answers_of_a_source_add_up_and_chance_does_not() -> None:
    late = [curve(seed, 3, 0.12) for seed in range(4)]
    early = [curve(seed, -4.5, 0.2) for seed in range(4, 8)]
    chance = [curve(seed, 0, 0) for seed in range(8, 12)]
    found = offsets(*late, *early, *chance, sources=[0] * 4 + [1] * 4 + [2] * 4)
    assert found[:2] == pytest.approx([125, -187.5], abs=20)
    assert np.isnan(found[2])


def test_answers_that_differ_and_one_alone_tell_nothing_of_a_source() -> None:
    differing = [curve(seed, lag, 0.12) for seed, lag in enumerate((-9, -4, 2, 8))]
    found = offsets(*differing, curve(9, 3, 0.5), "", "", sources=[0] * 4 + [1, 1, 2])
    assert np.isnan(found).all()


def test_order_and_silent_samples_change_nothing() -> None:
    late = [curve(seed, 3, 0.12) for seed in range(4)]
    alone = offsets(*late, sources=[0] * 4)
    assert offsets("", *late[::-1], "", sources=[0, 0, 0, 0, 0, 1])[0] == pytest.approx(alone[0])
    assert len(offsets(sources=[])) == 0


@pytest.mark.parametrize("late_ms", [0, 125, -83])
def test_the_curve_of_a_voice_is_highest_where_it_is_late(late_ms: int) -> None:
    told = np.frombuffer(bytes.fromhex(mouth_curve(speaking(late_ms / 1000).spoken)), np.uint8)
    assert LAGS[told.argmax()] == pytest.approx(late_ms * 24 / 1000, abs=1)
