"""What a run on a cluster says of itself; Ray exports each name with `ray_` before it."""

from __future__ import annotations

METRICS: dict[str, tuple[str, tuple[str, ...]]] = {
    "understudy_frames_total": ("frames of footage offered to a step, at 24 fps", ("leg", "step")),
    "understudy_clips_total": ("items that a step kept", ("leg", "step")),
    "understudy_rejects_total": ("items that a step did not keep", ("leg", "step", "reason")),
    "understudy_step_seconds_total": ("seconds that workers spent in a step", ("leg", "step")),
    "understudy_speed_of_light_ratio": (
        "rate of a step over that of its model calls or its encoder alone",
        ("step",),
    ),
    "understudy_queue_depth": ("laps that could run and wait for a worker", ("leg",)),
    "understudy_running_laps": ("laps that workers are at", ("leg",)),
    "understudy_laps_done": ("laps that have landed", ("leg",)),
    "understudy_stalled": ("1 where a leg has work and lands nothing, else 0", ("leg",)),
    "understudy_workers": ("workers that are alive", ("pool",)),
}
"""Name to description and label names. Those that end in `_total` only grow while a run lasts."""
