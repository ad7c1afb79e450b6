"""What a run on a cluster says of itself on Ray's Prometheus endpoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ray.util.metrics import Counter, Gauge

from engine.ledger import Landed
from engine.runners.metrics import METRICS
from engine.runners.status import LegProgress
from schemas.media import FPS


def counter(name: str) -> Counter:
    """A metric of the table that only grows."""
    description, labels = METRICS[name]
    return Counter(name, description=description, tag_keys=labels)


def gauge(name: str) -> Gauge:
    """A metric of the table that goes up and down."""
    description, labels = METRICS[name]
    return Gauge(name, description=description, tag_keys=labels)


class WorkerMeters:
    """What a worker counts: told once a lap has landed, so that nothing is counted twice."""

    def __init__(self) -> None:
        self.frames = counter("understudy_frames_total")
        self.clips = counter("understudy_clips_total")
        self.rejects = counter("understudy_rejects_total")
        self.seconds = counter("understudy_step_seconds_total")
        self.light = gauge("understudy_speed_of_light_ratio")

    def tell(self, leg: str, landed: Landed) -> None:
        """Count a landed lap."""
        for tally in landed.steps:
            labels = {"leg": leg, "step": tally.step}
            add(self.frames, round(tally.offered_s * FPS), labels)
            add(self.clips, tally.kept, labels)
            add(self.seconds, tally.busy_s, labels)
            for reason, times in tally.reasons.items():
                add(self.rejects, times, labels | {"reason": reason})
            if tally.light_s > 0:
                self.light.set(tally.light_s / tally.busy_s, {"step": tally.step})


def add(what: Counter, amount: float, labels: dict[str, str]) -> None:
    """Count on; Ray takes no zeros."""
    if amount > 0:
        what.inc(amount, labels)


class Meters:
    """What the driver sees."""

    def __init__(self) -> None:
        self.depth = gauge("understudy_queue_depth")
        self.running = gauge("understudy_running_laps")
        self.done = gauge("understudy_laps_done")
        self.stalled = gauge("understudy_stalled")
        self.workers = gauge("understudy_workers")

    def tell(
        self, lanes: Sequence[LegProgress], stuck: Mapping[str, str], workers: Mapping[str, int]
    ) -> None:
        """Show how things are now."""
        for lane in lanes:
            leg = {"leg": lane.leg}
            self.depth.set(lane.ready, leg)
            self.running.set(lane.running, leg)
            self.done.set(lane.done, leg)
            self.stalled.set(float(lane.leg in stuck), leg)
        for pool, number in workers.items():
            self.workers.set(number, {"pool": pool})
