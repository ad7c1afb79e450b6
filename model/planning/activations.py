"""Bytes of activations: what autograd keeps of a batch on the way there for the way back, by formulas alone.

A product keeps its rows if its weights learn (their gradient is made of them); a norm its input if any
gradient goes through it; a gate or scale what it multiplies if its own value learns; an activation its input;
an attention its queries, keys, values and answer, and one float32 number a query and head. Two layers that
keep the same tensor keep it once. All norms are in float32: under bfloat16 that is a copy.

Where activations are computed again, a block keeps its own tokens, and the way back has all of one block at a
time; the motion encoder likewise, a chunk of crops at a time.

Letters as in `model.planning.flops`; K keys of Face Attn, A heads.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

from model.nets.face import CHUNK, FRAMES
from model.nets.kernels import FEW
from model.nets.motion import MotionSizes
from model.nets.pose import KERNEL, MAP_CHANNELS, layers_of
from model.nets.sizes import Sizes
from model.planning.blocks import FACES, START, STILL, Branches, branches
from model.planning.motion import hourglass
from model.planning.products import Parts, WindowSpec

FLOAT = 4
"""Bytes of a float32."""
INDEX = 8
"""Bytes of the place of a maximum."""


@dataclass(frozen=True, kw_only=True)
class Kept:
    """Bytes of one batch."""

    pose: int
    """Of the pose encoder."""
    faces: int
    """Of the motion encoder, and of face tokens."""
    blocks: int
    """From the beginning of the way back on."""
    ends: int
    """Before and behind the blocks."""
    again: int
    """The most that is computed again at a time: a block, or a chunk of crops."""

    @property
    def total(self) -> int:
        """All that is kept until the way back."""
        return self.pose + self.faces + self.blocks + self.ends


@dataclass(frozen=True, kw_only=True)
class Precision:
    """How numbers lie in memory."""

    value: int
    """Bytes of a value that the network computes with."""
    fused: bool
    """RMS norms are single kernels, as on GPUs; on processors they are made of small steps."""

    @property
    def copy(self) -> int:
        """Bytes of a value's float32 copy; a float32 value is none."""
        return 0 if self.value == FLOAT else FLOAT


def kept(
    sizes: Sizes,
    window: WindowSpec,
    learning: Parts,
    precision: Precision,
    *,
    activation_checkpointing: bool,
    keep_attention: bool = False,
    sequence_parallel: int = 1,
) -> Kept:
    """What a batch keeps on each of the ranks that share its tokens, where some parts learn."""
    window = replace(window, shared_by=sequence_parallel)
    flows, still = bool(learning & START), bool(learning & STILL)
    has = [branches(sizes, number) for number in range(sizes.layers)]
    how = (sizes, window, learning, precision)
    first = block(*how, has[0], flows=flows, still=flows)
    later = [block(*how, one, flows=True, still=still) for one in has[1:]]
    crop = motion(sizes.motion, precision.value) if window.faces and "face_encoder" in learning else 0
    crops = window.clips * window.frames
    result = faces(sizes, window, learning, precision.value)
    tokens = window.clips * (noise(sizes, window) + references(sizes, window)) * sizes.width
    if activation_checkpointing:
        blocks = sizes.layers * tokens * precision.value
        blocks += sum(answers(sizes, window, precision, one) for one in has) if keep_attention else 0
        again = max(*later, first, min(CHUNK, crops) * crop)
        result += crops * min(crop, 3 * sizes.motion.side**2 * precision.value)  # the crops
    else:
        blocks, again, result = first + sum(later), 0, result + crops * crop
    return Kept(
        pose=pose(sizes, window, precision.value) if "pose" in learning else 0,
        faces=result,
        blocks=blocks,
        ends=ends(sizes, window, learning, precision),
        again=again,
    )


def noise(sizes: Sizes, window: WindowSpec) -> int:
    """Noise tokens of a clip that a rank has."""
    return -(-window.latents * window.picture(sizes) // window.shared_by)


def references(sizes: Sizes, window: WindowSpec) -> int:
    """Reference tokens of a clip that a rank has."""
    return -(-window.references * window.picture(sizes) // window.shared_by)


def answers(sizes: Sizes, window: WindowSpec, precision: Precision, has: Branches) -> int:
    """What a block's tokens read from many others, and one float32 number a token and head."""
    n, r = noise(sizes, window), references(sizes, window)
    jointly = sizes.width * precision.value + sizes.heads * FLOAT
    again = sizes.branch * precision.value + sizes.branch_heads * FLOAT
    asking = n * (window.shared_by * (n + r) > FEW) + r * (
        window.shared_by * asked_by_references(sizes, n, r) > FEW
    )
    return window.clips * (asking * jointly + has.reference * n * (window.shared_by * r > FEW) * again)


def asked_by_references(sizes: Sizes, n: int, r: int) -> int:
    """Tokens that references ask in self-attention."""
    return r if sizes.references_see == "references" else n + r


def keys(sizes: Sizes, window: WindowSpec) -> int:
    """Face keys of a clip."""
    return window.latents * (FRAMES + 1) if sizes.face_reach == "frame" else window.frames


def block(
    sizes: Sizes,
    window: WindowSpec,
    learning: Parts,
    precision: Precision,
    has: Branches,
    *,
    flows: bool,
    still: bool,
) -> int:
    """One block, whose tokens have gradients as `flows` says; references that see themselves, as `still`."""
    value, copy, d = precision.value, precision.copy, sizes.width
    n, r = noise(sizes, window), references(sizes, window)
    alone = sizes.references_see == "references"
    heard = still if alone else flows
    reference, face = "reference" in learning and has.reference, "face_attn" in learning and has.face
    base = bool(learning & {"base", "lora"})  # whose gradients are made of the same rows
    faced = window.faces and has.face and bool(learning & FACES)
    into = (FLOAT + value) * base  # normalised, and as scaled and shifted

    spoken, ref_flows = flows or base, heard or base
    shown = spoken or reference
    moved = shown or faced
    ask = partial(attention, sizes, precision)
    total = (n * flows + r * heard) * d * FLOAT + (n + r) * d * (into + value * base)
    if alone:  # self-attention: into it, and its gated answer
        total += ask(d, n, n + r, learns=base, asks=flows, asked=flows or heard)
        total += ask(d, r, r, learns=base, asks=heard, asked=heard)
        total -= r * d * (FLOAT if precision.fused else FLOAT * (1 + base)) * (base or heard)  # keys, once
    else:
        total += ask(d, n + r, n + r, learns=base, asks=flows, asked=flows)
    total += (
        (n * flows + r * heard) * d * value * (window.shared_by > 1)
    )  # the answer, before it was exchanged
    if window.caption > 1:
        total += (n * spoken + r * ref_flows) * d * FLOAT + (n + r) * d * value * base
        for tokens, flowing in ((n, spoken), (r, ref_flows)):
            total += ask(d, tokens, window.caption, learns=base, asks=flowing, asked=flowing)
    if has.reference:
        total += (n * shown + r * (ref_flows or reference)) * d * FLOAT + (n + r) * d * value * reference
        total += ask(sizes.branch, n, r, learns=reference, asks=spoken, asked=ref_flows)
    if window.faces and has.face:
        k = keys(sizes, window)
        total += n * d * FLOAT * moved + k * d * copy * faced + (n + k) * d * value * face
        total += ask(sizes.branch, n, k, learns=face, asks=shown, asked=faced)
    # float32 is kept above
    total += n * d * FLOAT * moved + r * d * (copy if has.reference else FLOAT) * ref_flows
    total += (n + r) * d * (into + value * base)
    total += (n * moved + r * ref_flows) * sizes.ffn * value + (n + r) * sizes.ffn * value * base
    return window.clips * total


def attention(
    sizes: Sizes,
    precision: Precision,
    width: int,
    asking: int,
    keys: int,
    *,
    learns: bool,
    asks: bool,
    asked: bool,
) -> int:
    """Queries, keys and values, so wide, of tokens that come with or without gradients, and the answer."""
    if not (learns or asks or asked):
        return 0
    value = precision.value
    norm = FLOAT if precision.fused else FLOAT * (1 + learns)  # its input; and that normalised
    q = asking * (norm * (learns or asks) + value)
    kv = keys * (norm * (learns or asked) + 2 * value)
    answer = asking * value
    rows = FLOAT * (
        asking * (width // sizes.head_width) + asking * (learns or asks) + keys * (learns or asked)
    )
    return (q + kv + answer) * width + rows


def ends(sizes: Sizes, window: WindowSpec, learning: Parts, precision: Precision) -> int:
    """Latents that are embedded, rotations, and the read-out."""
    n, r, d = noise(sizes, window), references(sizes, window), sizes.width
    _, rows, columns = sizes.patch
    base = "base" in learning
    control = sizes.channels + 1 + sizes.pose_channels
    shared = window.shared_by  # ranks that embed all tokens alike
    latents = shared * (n * control * ("pose" in learning) + (n + r) * sizes.channels * base)
    head = n * d * (FLOAT + (FLOAT + precision.value) * base)
    turns = (n + r) * sizes.head_width * FLOAT
    return window.clips * (latents * rows * columns * precision.value + head) + turns


def pose(sizes: Sizes, window: WindowSpec, value: int) -> int:
    """The pose encoder: of each layer its input, with copies of the first frame before it, and its output."""
    channels, frames, pixels = MAP_CHANNELS, window.frames, window.pixels
    total = channels * (frames + KERNEL - 1) * pixels
    for outputs, time, space in layers_of(sizes.pose_width, sizes.stride):
        frames, pixels = 1 + (frames - 1) // time, pixels // space**2
        total += outputs * (2 * frames + KERNEL - 1) * pixels
    return window.clips * total * value


def faces(sizes: Sizes, window: WindowSpec, learning: Parts, value: int) -> int:
    """Motion vectors, the MLP, and face keys, which all blocks share."""
    if not window.faces:
        return 0
    mlp = window.frames * (sizes.motion.vector + 2 * sizes.width) * ("face_encoder" in learning)
    shared = keys(sizes, window) * sizes.width * bool(FACES & learning)
    return window.clips * value * (mlp + shared)


def motion(sizes: MotionSizes, value: int) -> int:
    """The motion encoder on one crop, its small branches left out."""
    c1, c2, c4 = sizes.stem, 2 * sizes.stem, 4 * sizes.stem
    half, quarter, eighth = ((sizes.side // n) ** 2 for n in (2, 4, 8))
    values = 3 * sizes.side**2 + 2 * c1 * half  # crop; convolved, and without what is negative
    values += residual(c1, c2) * half + c2 * half + c2 * quarter  # as pooled
    values += residual(c2, c2) * quarter + c2 * quarter + residual(c2, c4) * quarter
    for side in hourglass(sizes.depth, sizes.side // 4):
        values += (c4 + residual(c4, c4)) * side**2
    values += (c4 + residual(c4, c4)) * quarter + 3 * c4 * quarter + 2 * sizes.maps * quarter + eighth
    pooled = c2 * quarter + sum(c4 * (sizes.side // 4 >> level) ** 2 for level in range(1, sizes.depth + 1))
    return values * value + pooled * INDEX


def residual(inputs: int, outputs: int) -> int:
    """Values a pixel that a residual block of the motion encoder keeps beside its input."""
    return inputs * (1 if inputs == outputs else 2) + 2 * (outputs // 2 + outputs // 4)
