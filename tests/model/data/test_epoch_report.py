from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given

from model.data.epoch_order import epoch_order
from model.data.epoch_report import as_text, check, lines
from model.data.groups import AS_IT_IS
from model.data.window_lengths import MOST_COLUMNS, lengths, rows_of
from model.data.windows import WindowRule
from tests.model.data import stocks


@given(stocks.two_groups, stocks.even)
def test_every_sample_is_on_one_side(samples, settings):
    epoch = epoch_order(samples, settings, 0, 1)
    table = lines(samples, settings, epoch)
    for line in table:
        assert line.samples == line.kept + line.resting + sum(line.dropped.values())
    whole = table[-1]
    assert whole.samples == len(samples.frames)
    assert whole.kept + whole.repeated == len(epoch.row)
    assert whole.batches == len(epoch)
    buckets = [line for line in table if line.name[0].isdigit()]
    for name in ("samples", "kept", "repeated", "resting", "batches"):
        assert sum(getattr(line, name) for line in buckets) == getattr(whole, name)


def test_what_is_never_drawn_is_counted_by_reason_and_refused():
    samples = stocks.samples(200)
    samples = replace(
        samples,
        frames=np.where(np.arange(200) < 3, 27, 100),
        group=np.where(np.arange(200) == 9, -1, samples.group),
    )
    settings = stocks.settings(window=WindowRule(min_frames=29), max_tokens=199)
    table = lines(samples, settings, epoch_order(samples, settings, 0, 0))
    square = np.count_nonzero((samples.width == 80) & (np.arange(200) >= 3) & (np.arange(200) != 9))
    assert square > 0
    assert table[-1].dropped == {"in no group": 1, "too short": 3, "over the token budget": square}
    with pytest.raises(
        ValueError, match=r"samples would never be drawn .*1 in no group, 3 too short, .*1\.0%"
    ):
        check(samples, settings)
    check(samples, replace(settings, max_dropped=1.0))


def test_a_budget_that_no_clip_fits_is_told_with_the_least_that_does():
    samples = replace(
        stocks.samples(6, num_groups=1),
        frames=np.full(6, 100),
        width=np.array([64, 64, 64, 96, 96, 160]),
        height=np.array([96, 96, 96, 64, 64, 160]),
    )
    settings = stocks.settings(groups=AS_IT_IS, window=WindowRule(min_frames=25), max_tokens=167)
    # 25 frames are 7 latents: 7 times 24 tokens of 64x96 and 96x64, 7 times 100 of 160x160
    sentence = (
        r"^no clip of group 'all' fits the token budget: max_tokens is 167, and a shortest window, of 25 "
        r"frames, takes 168 to 700, by canvas, of clips over it; raise it to 168 at least, to 700 for all of "
        r"them$"
    )
    for max_dropped in (0.01, 1.0):
        with pytest.raises(ValueError, match=sentence):
            check(samples, replace(settings, max_dropped=max_dropped))
    with pytest.raises(ValueError, match=r"1 over the token budget.*takes 700 of clips.*; raise it to 700"):
        check(samples, replace(settings, max_tokens=168))
    check(samples, replace(settings, max_tokens=168, max_dropped=0.2))
    check(samples, replace(settings, max_tokens=700))


def test_a_group_that_the_budget_leaves_empty_is_told():
    samples = replace(
        stocks.samples(4), frames=np.full(4, 100), width=np.array([64, 64, 160, 160]), height=np.full(4, 160)
    )
    samples = replace(samples, group=np.array([0, 0, 1, 1]))
    settings = stocks.settings(window=WindowRule(min_frames=25), max_tokens=300, max_dropped=1.0)
    with pytest.raises(ValueError, match=r"no clip of group 'half' fits the token budget.*takes 700 of"):
        check(samples, settings)
    check(replace(samples, group=np.array([0, 0, -1, -1])), replace(settings, groups=settings.groups[:1]))


def test_repeats_and_rests_are_counted():
    samples = replace(stocks.samples(100), group=(np.arange(100) >= 20).astype(np.int64))
    settings = stocks.settings()
    epoch = epoch_order(samples, settings, 0, 0)
    by_name = {line.name: line for line in lines(samples, settings, epoch)}
    full, half = by_name["group full"], by_name["group half"]
    assert (full.samples, full.kept, full.repeated, full.resting) == (20, 20, 30, 0)
    assert (half.samples, half.kept, half.repeated, half.resting) == (80, 50, 0, 30)
    result = as_text(list(by_name.values()), lengths(samples, epoch))
    assert "group half" in result
    assert "frames" in result


@given(stocks.two_groups, stocks.even)
def test_every_draw_is_in_a_window_of_its_bucket(samples, settings):
    epoch = epoch_order(samples, settings, 0, 1)
    found = lengths(samples, epoch)
    by_name = {line.name: line for line in lines(samples, settings, epoch)}
    for canvas, kept, repeated, batches in zip(
        found.canvases, found.kept, found.repeated, found.batches, strict=True
    ):
        line = by_name[canvas]
        assert (kept.sum(), repeated.sum(), batches.sum()) == (line.kept, line.repeated, line.batches)
    assert len(found.spans) <= MOST_COLUMNS
    for column, (least, most) in enumerate(found.spans):
        inside = (epoch.frames >= least) & (epoch.frames <= most)
        assert np.count_nonzero(inside) == (found.kept + found.repeated)[:, column].sum() > 0
        assert np.count_nonzero(inside[epoch.bounds[:-1]]) == found.batches[:, column].sum()


def test_few_lengths_have_a_column_each_and_empty_buckets_say_nothing():
    samples = replace(
        stocks.samples(8, num_groups=1),
        frames=np.where(np.arange(8) < 5, 25, 33),
        width=np.where(np.arange(8) < 5, 64, 96),
        height=np.where(np.arange(8) < 5, 96, 64),
    )
    settings = stocks.settings(groups=AS_IT_IS, window=WindowRule(min_frames=25, max_frames=25))
    assert rows_of(lengths(samples, epoch_order(samples, settings, 0, 0))) == [
        ("frames", "25"),
        ("64x96", "5 in 1"),
        ("96x64", "3 in 1"),
    ]
    settings = stocks.settings(groups=AS_IT_IS, window=WindowRule(min_frames=25, max_frames=29))
    table = rows_of(lengths(samples, epoch_order(samples, settings, 0, 0)))
    assert table[0] == ("frames", "25", "29")
    assert table[1] == ("64x96", "5 in 1", "")
