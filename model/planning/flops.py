"""The network as its products: how many weights each part has, and what a step computes, by formulas alone.

All that counts is a matrix of weights applied to rows of numbers, or an attention. A product of R rows with I
inputs and O outputs takes 2 R I O operations; on the way back as many for the gradient of its weights, if
they learn, and as many for that of its rows, if anything in front of it learns. A convolution is a product
whose rows are the pixels that it makes and whose inputs are all values under its kernel. An attention of Q
tokens to M takes two products without weights, 4 Q M D operations, and five on the way back, as fused kernels
compute the scores again: 10 Q M D.

B clips; a clip has T latent frames, N noise tokens, R reference tokens, F faces, L caption tokens; D width.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from types import MappingProxyType

from model.nets.kernels import FEW
from model.nets.param_groups import Part
from model.nets.pose import KERNEL, MAP_CHANNELS, layers_of
from model.nets.sizes import Sizes
from model.planning.blocks import BASE, FACES, IMAGE_TOKENS, SPOKEN, START, STILL, attention, block, branches
from model.planning.motion import motion
from model.planning.products import NONE, Attending, Parts, Product, WindowSpec, Work, table

POSED: Parts = frozenset({"pose"})


def works(sizes: Sizes, window: WindowSpec) -> list[Work]:
    """All that the network computes of a window; products without rows are there for their weights."""
    later = SPOKEN | (FACES if window.faces else NONE)
    kinds = Counter(branches(sizes, number) for number in range(1, sizes.layers))
    return [
        *ends(sizes, window),
        *pose(sizes, window),
        *faces(sizes, window),
        *speech(sizes),
        *block(sizes, window, START, START, branches(sizes, 0), count=1),
        *(
            work
            for kind, count in kinds.items()
            for work in block(sizes, window, later, STILL, kind, count=count)
        ),
    ]


def ends(sizes: Sizes, window: WindowSpec) -> Iterator[Work]:
    """What is before and behind the blocks; times are embedded twice, the references' is 0."""
    d, b, patch = sizes.width, window.clips, math.prod(sizes.patch)
    noise, reference = b * window.latents * window.picture(sizes), window.picture(sizes)
    seen = noise + b * window.references * reference
    control = sizes.channels + 1 + sizes.pose_channels
    yield Product(part="base", rows=seen, inputs=patch * sizes.channels, outputs=d)
    yield Product(
        part="pose",
        rows=noise + reference,
        inputs=patch * control,
        outputs=d,
        bias=False,
        after=POSED,
    )
    for inputs, outputs, after in ((sizes.freq_dim, d, NONE), (d, d, START), (d, 6 * d, START)):
        yield Product(part="base", rows=2 * b, inputs=inputs, outputs=outputs, after=after, exact=True)
    yield Product(
        part="base",
        rows=b * window.caption,
        inputs=sizes.text_width,
        outputs=d,
        after=frozenset({"no_caption"}),
    )
    yield Product(part="base", rows=b * window.caption, inputs=d, outputs=d, after=BASE)
    yield from image(sizes, b)
    yield table("no_caption", sizes.text_width, exact=False)
    yield table("no_reference", d, exact=False)
    yield Product(part="base", rows=noise, inputs=d, outputs=patch * sizes.channels, after=SPOKEN | FACES)
    yield table("base", d, 2)


def image(sizes: Sizes, clips: int) -> Iterator[Work]:
    """CLIP's tokens of first frames, embedded, where a base reads them."""
    if sizes.image_width:
        e, rows = sizes.image_width, clips * IMAGE_TOKENS
        yield table("base", e, 2)
        yield Product(part="base", rows=rows, inputs=e, outputs=e)
        yield Product(part="base", rows=rows, inputs=e, outputs=sizes.width, after=BASE)
        yield table("base", sizes.width, 2)


def pose(sizes: Sizes, window: WindowSpec) -> Iterator[Work]:
    """The pose encoder: four causal convolutions of 3 x 3 x 3."""
    inputs, after = MAP_CHANNELS, NONE
    frames, pixels = window.frames, window.pixels
    layers = layers_of(sizes.pose_width, sizes.stride)
    for outputs, time, space in (*layers, (sizes.pose_channels, 1, 1)):
        frames, pixels = 1 + (frames - 1) // time, pixels // space**2
        rows = window.clips * frames * pixels
        yield Product(part="pose", rows=rows, inputs=KERNEL**3 * inputs, outputs=outputs, after=after)
        inputs, after = outputs, POSED


def faces(sizes: Sizes, window: WindowSpec) -> Iterator[Work]:
    """Motion vectors of all face crops, and the MLP to face tokens."""
    crops = window.clips * window.frames if window.faces else 0
    for work in motion(sizes.motion, crops):
        yield replace(work, again=True)
    d, after = sizes.width, frozenset[Part]({"face_encoder"})
    yield Product(part="face_encoder", rows=crops, inputs=sizes.motion.vector, outputs=d, after=after)
    yield Product(part="face_encoder", rows=crops, inputs=d, outputs=d, after=after)
    yield table("no_face", d, exact=False)


def speech(sizes: Sizes) -> Iterator[Work]:
    """The weights of the speech encoder; its phase runs no block, and costs little."""
    d, taps = sizes.speech.width, 5
    result = partial(Product, part="speech", rows=0)
    yield result(inputs=taps * sizes.speech.bands, outputs=d)
    yield result(inputs=taps * d, outputs=d)
    for _ in range(sizes.speech.layers):
        yield from (table("speech", d, 4), *attention("speech", d, 0, (0, NONE), (0, NONE)))
        yield from (result(inputs=d, outputs=4 * d), result(inputs=4 * d, outputs=d))
    yield table("speech", d, 2)
    yield result(inputs=d, outputs=sizes.motion.vector)


@cache  # a search for the longest clip asks a thousand times
def parameters(sizes: Sizes, *, exact: bool = False) -> Mapping[Part, int]:
    """Values of each part of a network; of those that stay float32 alone, where `exact` are asked for."""
    window = WindowSpec(frames=1, width=0, height=0)
    found: dict[Part, int] = {}
    for work in works(sizes, window):
        if isinstance(work, Product):
            found[work.part] = found.get(work.part, 0) + work.weights * (work.exact or not exact)
    return MappingProxyType(found)


@dataclass(frozen=True, kw_only=True)
class Operations:
    """Floating-point operations of one batch; a multiplication and an addition are two."""

    forward: int
    backward: int
    again: int
    """Of what is computed a second time because it was not kept."""

    @property
    def model(self) -> int:
        """What the network asks for: by convention the numerator of MFU."""
        return self.forward + self.backward

    @property
    def total(self) -> int:
        """What is computed."""
        return self.model + self.again


def operations(
    sizes: Sizes,
    window: WindowSpec,
    learning: Parts,
    *,
    activation_checkpointing: bool,
    keep_attention: bool = False,
    sequence_parallel: int = 1,
) -> Operations:
    """Operations of a step's batch on each of the ranks that share its tokens, where some parts learn.

    Counted as again: of an attention, the scores that its way back computes anew; with
    `activation_checkpointing`, the way there of blocks and motion encoder, once more, but, with
    `keep_attention`, attention to many tokens.
    """
    forward = backward = again = 0
    for work in works(sizes, window):
        ranks = sequence_parallel if work.shared else 1
        forth, back = work.forward // ranks, work.backward(learning) // ranks
        scores = back // 5 if isinstance(work, Attending) else 0
        forward, backward, again = forward + forth, backward + back - scores, again + scores
        kept = keep_attention and isinstance(work, Attending) and work.asked > FEW
        again += forth if activation_checkpointing and work.again and not kept else 0
    return Operations(forward=forward, backward=backward, again=again)
