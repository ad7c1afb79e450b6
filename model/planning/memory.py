"""Bytes that a training asks of one GPU, by formulas alone.

Weights lie in the network's own precision, few of them in float32 (`model.nets.precision`). For each one that
learns there are, float32, its gradient, its own value to be moved, two moments (AdamW) and its average: 20
bytes. Over N ranks ZeRO 1 gives each rank an N-th of the last 16 of them, ZeRO 2 of the gradients too, ZeRO 3
of the weights too. Beside that lie gradients as the way back leaves them, DeepSpeed's bucket, in which they
are gathered in float32, and under ZeRO 3 the whole weights of the blocks at work.

When the step is taken activations are gone, and gradients that are shortened are there instead: the fused
optimizer takes nothing for itself. What the autoencoder takes, before any activation is there, is left out.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace

from model.nets.autoencoders.wan import TIME_STRIDE
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
    keep_attention: bool = False
    sequence_parallel: int = 1
    """Ranks that share the tokens of each batch."""
    offload: bool = False
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
    value = how.precision.value
    everything, learns = held(sizes, learning, exact=False)
    activations = kept(
        sizes,
        window,
        learning,
        how.precision,
        activation_checkpointing=how.activation_checkpointing,
        keep_attention=how.keep_attention,
        sequence_parallel=how.sequence_parallel,
    )
    weights, gradients, states, buckets, stepping = state(everything, learns, value, how)
    exact, learns_exactly = held(sizes, learning, exact=True)
    wider = (FLOAT - value) * exact
    if how.zero_stage is None and value < FLOAT:
        states -= FLOAT * learns_exactly  # they are moved where they are
    weights += wider if how.zero_stage != 3 else -(-wider // how.world_size)
    if how.offload:
        gradients, states, stepping = 0, 0, 0
        weights = 0 if how.zero_stage == 3 else weights
    own = noise(sizes, replace(window, shared_by=how.sequence_parallel))
    back = window.clips * own * (2 * sizes.ffn + sizes.width) * value
    return Memory(
        weights=weights,
        gradients=gradients,
        states=states,
        buckets=buckets,
        inputs=inputs(sizes, window),
        kept=activations.total,
        working=activations.again + back,
        stepping=stepping,
    )


def state(everything: int, learns: int, value: int, how: Sharing) -> tuple[int, int, int, int, int]:
    """Weights, gradients, float32 states, buckets, and what a step takes."""
    own = FLOAT * len(KINDS)
    left = 0 if value == FLOAT else learns * value  # of one way back, before they are added
    if how.zero_stage is None:
        moved = own if value == FLOAT else own + FLOAT
        return everything * value, learns * FLOAT, learns * moved, left, learns * FLOAT
    share = -(-learns // how.world_size)
    weights = everything * value if how.zero_stage < 3 else -(-everything // how.world_size) * value
    gradients = (learns if how.zero_stage == 1 else share) * FLOAT
    buckets = min(BUCKET, learns) * FLOAT + (left if how.zero_stage == 1 else 0)
    buckets += min(ALIVE, everything) * value if how.zero_stage == 3 else 0
    return weights, gradients, share * (own + FLOAT), buckets, share * FLOAT


def held(sizes: Sizes, learning: Parts, *, exact: bool) -> tuple[int, int]:
    """Values of a network, and of them those that learn; of what stays float32 alone, where asked for."""
    counted = parameters(sizes, exact=exact)
    return sum(counted.values()), sum(counted[part] for part in learning)


def inputs(sizes: Sizes, window: WindowSpec) -> int:
    """The batch as bytes, its maps and face crops as float32, and the latents around the loss."""
    pictures = 3 * window.frames * window.pixels
    crops = 3 * window.frames * FACE_SIZE**2
    given = 3 * pictures + 3 * window.references * window.pixels + crops
    read = FLOAT * (2 * pictures + crops * window.faces)
    latent = sizes.channels * window.latents * window.pixels // sizes.stride**2
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
