"""A block of the network as its products; see `model.planning.flops`, whose letters these are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from model.nets.face import FRAMES
from model.nets.param_groups import Part
from model.nets.sizes import Sizes
from model.planning.products import NONE, Attending, Parts, Product, WindowSpec, Work, table

START: Parts = frozenset({"base", "pose", "no_reference"})
"""What the tokens of the first block come from."""
LORA: Parts = frozenset({"lora"})
STILL: Parts = START | LORA | {"no_caption"}
"""What reference tokens come from that see one another alone."""
SPOKEN: Parts = STILL | {"reference"}
BASE: Parts = frozenset({"base", "lora", "no_caption"})
QUERIES: Parts = frozenset({"text_queries"})
REFERENCE: Parts = frozenset({"reference"})
IMAGE_TOKENS = 257
"""Of CLIP: 16 x 16 patches and the one of the whole picture."""
FACES: Parts = frozenset({"face_encoder", "no_face", "face_attn"})


class Branches(NamedTuple):
    """What a block has beside the base's layers."""

    reference: bool
    face: bool


def branches(sizes: Sizes, number: int) -> Branches:
    """Those of a block, by its number."""
    return Branches(number % sizes.reference_every == 0, number % sizes.face_every == 0)


def block(
    sizes: Sizes, window: WindowSpec, before: Parts, still: Parts, has: Branches, *, count: int
) -> Iterator[Work]:
    """So many blocks, of tokens from what was `before`; of references that see themselves, from `still`."""
    d, b = sizes.width, window.clips
    noise = window.latents * window.picture(sizes)
    reference = window.references * window.picture(sizes)
    alone = sizes.references_see == "references"
    heard = still if alone else before
    spoken, reference_after = before | BASE, heard | BASE
    shown = spoken | REFERENCE if has.reference else spoken
    faced = shown | FACES if window.faces and has.face else shown

    def layers() -> Iterator[Work]:
        yield table("base", 6 * d)
        yield from joint_attention(d, b, (noise, before), (reference, heard), alone=alone)
        pictured = sizes.image_width > 0
        yield from text(
            d, b, (noise, spoken), (reference, reference_after), window.caption, pictured=pictured
        )
        if has.reference:
            yield table("reference", d, 4)
            asked = (reference, reference_after)
            yield from attention("reference", d, b, (noise, spoken), asked, inner=sizes.branch)
        if has.face:
            yield table("face_attn", d, 4)
            yield from face_attention(sizes, window, noise, shown)
        for rows, after, tied in ((noise, faced, False), (reference, reference_after, True)):
            yield Product(part="base", rows=b * rows, inputs=d, outputs=sizes.ffn, after=after, tied=tied)
            yield Product(part="base", rows=b * rows, inputs=sizes.ffn, outputs=d, after=after, tied=tied)

    whole = (changed for work in layers() for changed in with_changes(work, sizes.lora))
    return (replace(work, count=count, again=True, shared=True) for work in whole)


def with_changes(work: Work, rank: int) -> Iterator[Work]:
    """A layer of a base, and its low-rank change where it has one."""
    yield work
    if rank and isinstance(work, Product) and work.part == "base" and work.bias:
        how = replace(work, part="lora", bias=False)
        yield replace(how, outputs=rank)
        yield replace(how, inputs=rank, after=work.after | LORA)


def joint_attention(
    d: int, clips: int, noise: tuple[int, Parts], reference: tuple[int, Parts], *, alone: bool
) -> Iterator[Work]:
    """Self-attention of all tokens, or of noise tokens that ask all and references that ask themselves."""
    (n, before), (r, heard) = noise, reference
    if not alone:
        yield from attention("base", d, clips, (n + r, before), (n + r, before))
        return
    yield from attention("base", d, clips, noise, noise)
    for work in attention("base", d, clips, reference, reference):
        yield replace(work, tied=True) if isinstance(work, Product) else work
    own = frozenset[Part]({"base"}) | before | heard | LORA
    yield Attending(clips=1, asking=clips * n, asked=r, width=d, after=own)


def attention(
    part: Part,
    d: int,
    clips: int,
    asking: tuple[float, Parts],
    asked: tuple[int, Parts],
    inner: int | None = None,
) -> Iterator[Work]:
    """Queries, keys, values and answers, their norms, and the attention itself, so wide within."""
    (q, before_q), (k, before_k), inner = asking, asked, inner or d
    own = frozenset[Part]({part}) | before_q | before_k | (LORA if part == "base" else NONE)
    rows, keys = int(clips * q), clips * k
    for count, after in ((rows, before_q), (keys, before_k), (keys, before_k)):
        yield Product(part=part, rows=count, inputs=d, outputs=inner, after=after)
    yield Product(part=part, rows=rows, inputs=inner, outputs=d, after=own)
    yield table(part, inner, 2)
    yield Attending(clips=1, asking=rows, asked=k, width=inner, after=own)


def text(
    d: int,
    clips: int,
    noise: tuple[int, Parts],
    reference: tuple[int, Parts],
    caption: int,
    *,
    pictured: bool,
) -> Iterator[Work]:
    """Both streams ask the caption, one after the other; a caption of one token is read without asking.

    Where a base sees the first frame by CLIP, both ask that too, with the same queries.
    """
    asked = caption > 1 or pictured
    keys = clips * caption
    yield table("text_queries", d, 4)  # norms before it, and of queries and keys
    for (tokens, before), tied in ((noise, False), (reference, True)):
        rows, own = clips * tokens * asked, before | QUERIES if asked else before
        query = partial(Product, inputs=d, outputs=d, tied=tied)
        for count in (rows, keys * asked):
            yield query(part="text_queries", rows=count, after=before)
        yield query(part="base", rows=keys, after=before)
        yield query(part="base", rows=rows or clips, after=own | BASE)
        if asked:
            yield Attending(clips=clips, asking=tokens, asked=caption, width=d, after=own | BASE)
        if pictured:
            for _ in ("keys", "values"):
                yield query(part="base", rows=clips * IMAGE_TOKENS, after=BASE)
            yield Attending(clips=clips, asking=tokens, asked=IMAGE_TOKENS, width=d, after=own | BASE)
    if pictured:
        yield table("base", d)


def face_attention(sizes: Sizes, window: WindowSpec, noise: int, shown: Parts) -> Iterator[Work]:
    """Each latent frame asks its own faces and the null token, or each token asks all faces of the clip."""
    if not window.faces:
        yield from attention("face_attn", sizes.width, 0, (0, NONE), (0, NONE), sizes.branch)
    elif sizes.face_reach == "clip":
        asked = (window.frames, FACES)
        yield from attention("face_attn", sizes.width, window.clips, (noise, shown), asked, sizes.branch)
    else:
        frames = window.clips * window.latents
        own = (window.picture(sizes), shown)
        yield from attention("face_attn", sizes.width, frames, own, (FRAMES + 1, FACES), sizes.branch)
