"""A training of seconds by the command that a user would give."""

from __future__ import annotations

from pathlib import Path

SHORT = (
    *("--settings.phases.0.steps", "3", "--settings.phases.1.steps", "2", "--settings.phases.2.steps", "2"),
    *("--settings.save-every", "2", "--settings.loader.workers", "0", "--settings.loader.no-verify"),
    *("--settings.loader.order.max-dropped", "1", "--settings.loader.order.max-tokens", "500"),
    *("--settings.sizes.width", "24", "--settings.sizes.heads", "2", "--settings.sizes.layers", "1"),
    *("--settings.validation.clips", "1", "--settings.validation.times", "1"),
    *("--settings.validation.sampler.steps", "1"),
    *("--settings.sizes.motion.side", "32", "--settings.sizes.motion.stem", "8"),
)
SHORTEST = (*SHORT, *(word for n in "012" for word in (f"--settings.phases.{n}.steps", "1")))
ALL = (*SHORT, "--settings.loader.order.held-out", "0")  # one of the four sources has sound


def train_on_all(data: Path, out: Path, *more: str) -> None:
    """A run that has learned next to nothing, from every sample of the data set."""
    from jobs.cli import main

    if code := main(["train", "--data", str(data), "--out", str(out), *ALL, *more]):
        raise RuntimeError(f"a training of the data set ended with {code}")
