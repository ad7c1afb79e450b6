"""Small takes: pictures of one or two people that are quickly drawn."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from jobs.synthetic.take import Take, random_actor

SMALL = {"width": 120, "height": 160, "sharpness": 1}


def take_of(path: str, *, num_frames: int = 4, seed: int = 3, framing: str = "full", **settings: Any) -> Take:
    """One person on a path, seen small."""
    own = {name: settings.pop(name) for name in ("yaw", "speaks", "beside_m", "behind_m") if name in settings}
    actor = replace(random_actor(seed, path, framing), **own)  # type: ignore[arg-type]
    return Take(actors=(actor,), num_frames=num_frames, seed=seed, **{**SMALL, **settings})
