"""A stored sample and a draw of it become one page of a batch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dataset.reader import Members
from dataset.sample_files import Facts, controls_of, facts_of, require
from media.members import decode_sound, decode_still, decode_window
from model.data.augment import (
    draw_changes,
    jitter_faces,
    mirror_controls,
    scale_bones,
    window_of,
)
from model.data.batch import Page
from model.data.canvas import scaled, shrink
from model.data.epoch_order import Draw
from model.data.latents import Halves
from model.data.sample_rng import SampleRng, draw_dropout, draw_references
from model.data.settings import SampleSettings
from schemas.drawing import figures
from schemas.index import IndexRow
from schemas.landmarks import face_points, mirror_points
from schemas.media import FPS
from schemas.outcome import UnfitError
from schemas.sample import AUDIO, FACE, META, SKELETON, SPHERE, TRACKS, VIDEO, reference_member


class Encoded(NamedTuple):
    """What is stored of a draw for networks to read."""

    window: Halves | None = None
    """Latents (C, T, H, W) to give in place of pictures."""
    references: Halves | None = None
    """Latents (R, C, H, W) of all references of the sample, where there are those of the window."""
    caption: Halves | None = None
    """L E."""


def fill(
    page: Page,
    row: IndexRow,
    members: Members,
    draw: Draw,
    settings: SampleSettings,
    encoded: Encoded = Encoded(),  # noqa: B008  a tuple
) -> None:
    """Fill in a page, with what is stored of the sample for networks to read.

    Raises:
        UnfitError: the sample breaks a promise of formats.md.
        VersionError: it follows other rules than this code.
    """
    baked = settings.maps == "baked"
    require(row, members, baked=baked)
    facts = facts_of(row, members[META], baked=baked)
    controls = window_of(controls_of(row, members[TRACKS]), draw.start, draw.frames)
    page.face_points[...] = face_points(controls, facts.to_canvas, row.width, row.height)
    chances = SampleRng(draw.seed)
    changes = draw_changes(chances, settings.augment)
    if changes.mirrored:
        controls = mirror_controls(controls, row.width, facts.source_width)
        page.face_points[...] = mirror_points(page.face_points)
    if changes.bones:
        controls = scale_bones(controls, changes.bones)
    height, width = page.video.shape[1:3]
    if (width, height) != (row.width, row.height):
        controls = scaled(controls, width / row.width, height / row.height)
    columns = slice(None, None, -1 if changes.mirrored else 1)  # of every picture that is decoded

    if encoded.window is None:
        with at_size(page.video, row) as out:
            decode_window(VIDEO, members[VIDEO], row.frames, draw.start, out[:, :, columns])
    if baked:
        for name, out in ((SKELETON, page.skeleton), (SPHERE, page.sphere)):
            decode_window(name, members[name], row.frames, draw.start, out)
    page.points[...], page.depth[...], page.score[...] = figures(controls)
    page.head[..., :2], page.head[..., 2] = controls.head_center, controls.head_radius
    page.head_rotation[...] = controls.head_rotation
    decode_window(FACE, members[FACE], row.frames, draw.start, page.face[:, :, columns])
    if changes.face:
        jitter_faces(page.face, page.face_points, chances, settings.augment.face_jitter)
    page.face_valid[...] = controls.face_valid
    mask(page, changes.masked_frames)

    shown = draw_references(chances, settings.references, facts.reference_times_s, window_s(facts, draw))
    page.reference_valid[...] = np.arange(len(page.reference_valid)) < len(shown)
    if encoded.window is None:
        with at_size(page.references, row) as out:
            fill_references(out, members, shown, columns)
    else:
        fill_latents(page, encoded, shown)
    fill_speech(page, row, members, draw, wanted=settings.speech)
    fill_caption(page, encoded.caption)
    dropout = draw_dropout(chances, settings.dropout)
    page.drop_references[...] = dropout.references
    page.drop_pose[...] = dropout.pose
    page.drop_face[...] = dropout.face
    page.drop_caption[...] = dropout.caption


def window_s(facts: Facts, draw: Draw) -> tuple[float, float]:
    """Times of the window's first and last frame in the source."""
    first = facts.start_s + draw.start / FPS
    return first, first + (draw.frames - 1) / FPS


def mask(page: Page, num_frames: int) -> None:
    """Withhold pose and face in the first frames, and make what is no face black."""
    page.driven[...] = np.arange(len(page.driven)) >= num_frames
    page.skeleton[:num_frames] = 0
    page.sphere[:num_frames] = 0
    page.score[:num_frames] = 0
    page.head[:num_frames, 2] = 0
    page.face_valid[:num_frames] = False
    page.face[~page.face_valid] = 0
    page.face_points[~page.face_valid] = 0


@contextmanager
def at_size(pictures: NDArray[np.uint8], row: IndexRow) -> Iterator[NDArray[np.uint8]]:
    """Where pictures of a sample's own size are to be put; they become a page's when the block is over."""
    if pictures.shape[1:3] == (row.height, row.width):
        yield pictures
        return
    whole = np.empty((len(pictures), row.height, row.width, 3), np.uint8)
    yield whole
    shrink(whole, pictures)


def fill_references(pictures: NDArray[np.uint8], members: Members, shown: list[int], columns: slice) -> None:
    """Decode the references to show, in their order; black behind them."""
    pictures[len(shown) :] = 0
    for out, number in zip(pictures, shown, strict=False):
        name = reference_member(number)
        decode_still(name, members[name], out[:, columns])


def fill_latents(page: Page, encoded: Encoded, shown: list[int]) -> None:
    """Give the latents of the window and of the references to show, in their order.

    Raises:
        UnfitError: wrong_latents where they are of another size than the batch's, or of fewer references.
    """
    window, references = encoded.window, encoded.references
    assert window is not None
    assert references is not None, "latents are given of both"
    if window.shape != page.latents.shape or references.shape[1:] != page.reference_latents.shape[1:]:
        raise UnfitError("wrong_latents", f"{window.shape} where {page.latents.shape} were expected")
    if max(shown) >= len(references):
        raise UnfitError("wrong_latents", f"{len(references)} references where there are more")
    page.latents[...] = window
    page.reference_latents[: len(shown)] = references[shown]
    page.reference_latents[len(shown) :] = 0


def fill_caption(page: Page, caption: Halves | None) -> None:
    """Give the caption's embedding, zeros behind it.

    Raises:
        UnfitError: wrong_latents where its tokens are wider or narrower than the batch's, or too many.
    """
    page.has_caption[...] = caption is not None
    page.caption[...] = 0
    if caption is None:
        return
    most, width = page.caption.shape
    if caption.shape[1] != width or len(caption) > most:
        raise UnfitError("wrong_latents", f"a caption of {caption.shape} where {width} numbers were expected")
    page.caption[: len(caption)] = caption


def fill_speech(page: Page, row: IndexRow, members: Members, draw: Draw, *, wanted: bool) -> None:
    """Decode the sound of the window and around it where it is wanted and there; else silence, marked so."""
    page.has_speech[...] = wanted and row.has_audio
    if page.has_speech:
        decode_sound(AUDIO, members[AUDIO], row.frames, draw.start, page.speech)
    else:
        page.speech[...] = 0
