"""A card for an exported network: what it is, what it learned from, and what nobody has measured."""

from __future__ import annotations

from pathlib import Path

from model.train.checkpoint import TrainState
from model.train.settings import Training
from model.train.starts import starts_of

CARD = """---
library_name: understudy
tags: [human-animation, video-diffusion, flow-matching]
---

# {name}

A network that animates a picture of a person by skeletons, head spheres and face crops, in the architecture
of DreamActor-M1 (arXiv 2504.01724) on the build of Wan 2.1. {million:,.0f} million values; weights {taken}.

```python
from model.train.export import from_pretrained

net = from_pretrained("FOLDER", device="cuda")
```

## Learned

| | |
|---|---|
| data | index {index} |
| recipe | {recipe} |
| base | {base} |
| autoencoder | {vae} |
| phases | {phases} |
| standing | step {step} of phase {phase} |
| code | {code} |

Windows of {min_frames} to {max_frames} frames, times shifted by {shift:g}, seed {seed}.

## Not known

Licences of the data and of the base hold for this network too: see the data set's index and the base's own
card. What it does on people unlike those of the data nobody has measured here; `understudy evaluate` does. Do
not animate a person who has not agreed to it.
"""


def card(run: Path, state: TrainState, settings: Training, layout: str, taken: str, values: int) -> str:
    """The card of a run's network of so many values.

    Raises:
        ValueError: the folder holds no run.
    """
    start = starts_of(run)[-1]
    window = settings.loader.order.window
    return CARD.format(
        name=f"{run.resolve().name} ({layout})",
        million=values / 1e6,
        taken="averaged over steps" if taken == "average" else "as last moved",
        index=", ".join(digest[:16] for digest in start.index_sha256),
        recipe=start.recipe,
        base=settings.base.name if settings.base else "none, from nothing",
        vae=settings.vae.name if settings.vae else "a patch codec fitted to the data",
        phases=", ".join(f"{phase.name} ({phase.steps} steps)" for phase in settings.phases),
        step=state.step,
        phase=settings.phases[state.phase].name,
        code=start.code,
        min_frames=window.min_frames,
        max_frames=window.max_frames,
        shift=settings.timestep_shift,
        seed=settings.seed,
    )
