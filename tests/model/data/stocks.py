"""Small indexes as the deal sees them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from model.data.epoch_order import OrderSettings, SamplingTable
from model.data.groups import AS_IT_IS, EVEN
from model.data.rng import words
from model.data.windows import WindowRule

CANVASES = np.array([(64, 96), (96, 64), (80, 80)])


def samples(
    num_samples: int,
    *,
    seed: int = 0,
    samples_per_shard: int = 5,
    num_groups: int = 2,
    first_share: float = 0.5,
) -> SamplingTable:
    """Clips of 25 to 240 frames on three canvases, a canvas a shard, in groups at random."""
    rng = np.random.default_rng(seed)
    shard = np.arange(num_samples) // samples_per_shard
    canvas = CANVASES[rng.integers(len(CANVASES), size=shard[-1] + 1)[shard]]
    if num_groups == 1:
        group = np.zeros(num_samples, np.int64)
    else:
        group = (rng.random(num_samples) >= first_share).astype(np.int64)
        group[:2] = (0, 1)
    return SamplingTable(
        digest=f"index {seed} {num_samples}",
        ident=words(num_samples, "samples", seed),
        shard=shard,
        width=canvas[:, 0].copy(),
        height=canvas[:, 1].copy(),
        frames=rng.integers(25, 241, num_samples),
        references=np.full(num_samples, 4),
        group=group,
        data_set=np.zeros(num_samples, np.int64),
    )


def settings(**changes: object) -> OrderSettings:
    """Four shards mixed, a budget of two of the longest windows."""
    base = OrderSettings(groups=EVEN, max_tokens=1_500, mixed_shards=4)
    return replace(base, **changes)  # type: ignore[arg-type]


single_group = st.builds(
    samples,
    num_samples=st.integers(2, 120),
    seed=st.integers(0, 50),
    samples_per_shard=st.integers(1, 9),
    num_groups=st.just(1),
)
two_groups = st.builds(
    samples,
    num_samples=st.integers(4, 120),
    seed=st.integers(0, 50),
    samples_per_shard=st.integers(1, 9),
    first_share=st.floats(0.05, 0.95),
)
once = st.builds(
    settings,
    groups=st.just(AS_IT_IS),
    max_tokens=st.sampled_from([750, 1_500, 4_000]),
    mixed_shards=st.integers(1, 6),
    alike=st.sampled_from([1, 3, 8]),
    window=st.sampled_from([WindowRule(), WindowRule(variants=3), WindowRule(min_frames=25, max_frames=25)]),
)
even = st.builds(settings, alike=st.sampled_from([1, 8]), max_tokens=st.sampled_from([750, 1_500]))
