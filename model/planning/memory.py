"""Bytes that a training asks of one GPU, by formulas alone.

Weights lie in the network's own precision. For each one that learns there are its gradient and, float32, its
own value to be moved, two moments (AdamW) and its average: 16 bytes, less where the network itself is
float32. Over N ranks ZeRO 1 gives each rank an N-th of those 16 bytes, ZeRO 2 of the gradients too, ZeRO 3 of
the weights too. Beside that lie DeepSpeed's bucket, in which gradients are gathered, and under ZeRO 3 the
whole weights of the blocks at work.

When the step is taken activations are gone, and square roots of the second moments, and gradients in float32,
are there instead. What the autoencoder takes, before any activation is there, is left out.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace

from model.nets.autoencoders.wan import SPACE_STRIDE, TIME_STRIDE
from model.nets.sizes import Sizes
from model.planning.activations import FLOAT, Precision, kept, noise
from model.planning.flops import parameters
from model.planning.products import Parts, WindowSpec
from model.train.engines.deepspeed import Zero
from model.train.engines.optimizer import KINDS
from schemas.sample import FACE_SIZE

BUCKET = 500_000_000
"""Gradients that DeepSpeed gathers at a time, its default."""
ALIVE = 1_000_000_000
"""Weights that ZeRO 3 holds whole at a time, its default."""
LATENTS = 6
"""Float32 latents around the loss: clean, noise, noisy, wanted, said, and their difference."""


BFLOAT16 = Precision(value=2, fused=True)
"""As GPUs compute."""


@dataclass(frozen=True, kw_only=True)
class Sharing:
    """How a training's state lies on ranks."""

    zero_stage: Zero | None
    world_size: int = 1
    activation_checkpointing: bool = True
    precision: Precision = BFLOAT16


@dataclass(frozen=True, kw_only=True)
class Memory:
    """Bytes of one rank."""

    weights: int
    gradients: int
    states: int
    """Float32 weights, moments, averages."""
    buckets: int
    """DeepSpeed's, and whole weights at work."""
    inputs: int
    kept: int
    """What autograd keeps of a batch."""
    working: int
    """What is computed again at a time, and gradients on their way back."""
    stepping: int
    """What a step takes for itself, when activations are gone."""

    @property
    def standing(self) -> int:
        """What is there all the time."""
        return self.weights + self.gradients + self.states

    @property
    def peak(self) -> int:
        """The most at a time."""
        batch = self.buckets + self.inputs + self.kept + self.working
        return self.standing + max(batch, self.stepping)


def memory(sizes: Sizes, window: WindowSpec, learning: Parts, how: Sharing) -> Memory:
    """What a batch takes where some parts learn."""
    value, result = how.precision.value, parameters(sizes)
    everything, learns = sum(result.values()), sum(result[part] for part in learning)
    some = kept(sizes, window, learning, how.precision, activation_checkpointing=how.activation_checkpointing)
    weights, gradients, states, buckets, stepping = state(everything, learns, value, how)
    back = window.clips * noise(sizes, window) * (2 * sizes.ffn + sizes.width) * value
    return Memory(
        weights=weights,
        gradients=gradients,
        states=states,
        buckets=buckets,
        inputs=inputs(sizes, window),
        kept=some.total,
        working=some.again + back,
        stepping=stepping,
    )


def state(everything: int, learns: int, value: int, how: Sharing) -> tuple[int, int, int, int, int]:
    """Weights, gradients, float32 states, buckets, and what a step takes."""
    own = FLOAT * len(KINDS)
    if how.zero_stage is None:  # one float32 gradient stays beside that of the network
        moved = own if value == FLOAT else own + FLOAT
        return everything * value, learns * (value + FLOAT), learns * moved, 0, learns * FLOAT
    share = -(-learns // how.world_size)
    weights = everything * value if how.zero_stage < 3 else -(-everything // how.world_size) * value
    gradients = (learns if how.zero_stage == 1 else share) * value
    buckets = BUCKET * value + (min(ALIVE, everything) * value if how.zero_stage == 3 else 0)
    return weights, gradients, share * (own + FLOAT), buckets, share * 2 * FLOAT


def inputs(sizes: Sizes, window: WindowSpec) -> int:
    """The batch as bytes, its maps and face crops as float32, and the latents around the loss."""
    pictures = 3 * window.frames * window.pixels
    crops = 3 * window.frames * FACE_SIZE**2
    given = 3 * pictures + 3 * window.references * window.pixels + crops
    read = FLOAT * (2 * pictures + crops * window.faces)
    latent = sizes.channels * window.latents * window.pixels // SPACE_STRIDE**2
    return window.clips * (given + read + LATENTS * FLOAT * latent)


def most_frames(sizes: Sizes, window: WindowSpec, learning: Parts, how: Sharing, capacity: float) -> int:
    """Frames, 4k + 1, of the longest clip of this canvas that a GPU of so many bytes learns from; 0 if none.

    Only one clip is shown at a time. Longer than an hour is not looked for.
    """

    def peak(latents: int) -> int:
        shown = replace(window, frames=TIME_STRIDE * latents + 1, clips=1)
        return memory(sizes, shown, learning, how).peak

    fitting = bisect_right(range(LONGEST), capacity, key=peak)
    return TIME_STRIDE * (fitting - 1) + 1 if fitting else 0


LONGEST = 24 * 3600 // TIME_STRIDE
