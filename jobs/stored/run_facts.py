"""What a run is, in ten facts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from model.train import checkpoint as saved
from model.train.starts import starts_of


def run_facts(run: Path) -> dict[str, Any]:
    """The facts of a run by name.

    Raises:
        ValueError: it is none, or its last checkpoint is not ours.
    """
    starts, folders = starts_of(run), saved.checkpoints(run)
    last = starts[-1]
    standing = saved.train_state(folders[-1]) if folders else None
    phases = last.settings.get("phases", [])
    return {
        "run": str(run),
        "recipe": last.recipe,
        "data": ", ".join(last.data) or "not told",
        "starts": len(starts),
        "phases": {phase["name"]: f"{phase['steps']} steps" for phase in phases},
        "done": done(standing, phases),
        "last_checkpoint": folders[-1].name if folders else "none",
        "base": last.settings.get("base") or "none, from nothing",
        "autoencoder": last.settings.get("vae") or "its own, codec.npz",
        "ranks": last.ranks,
        "device": last.device,
        "versions": last.versions,
    }


def done(standing: saved.TrainState | None, phases: list[dict[str, Any]]) -> str:
    """How far the run is."""
    if standing is None:
        return "nothing yet"
    steps = sum(phase["steps"] for phase in phases[: standing.phase]) + standing.step
    total = sum(phase["steps"] for phase in phases)
    return f"{steps} of {total} steps"
