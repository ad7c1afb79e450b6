from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from pipeline.flow import Curation
from pipeline.stages.estimate import EstimateSettings


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sources_per_lap": 0}, "settings.sources_per_lap is 0; it must be at least 1"),
        ({"samples_per_shard": -3}, "settings.samples_per_shard is -3; it must be a number from 0 on"),
        ({"min_kept_share": 1.5}, "settings.min_kept_share is 1.5; a share is from 0 to 1"),
        ({"min_kept_share": math.nan}, "must be a number"),
        ({"estimate": EstimateSettings(window_frames=0)}, "settings.estimate.window_frames is 0"),
    ],
)
def test_a_wrong_setting_is_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(Curation(), **changes)
