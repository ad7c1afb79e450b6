"""A frame of a sample under its controls, small enough for a page of a thousand."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from functools import cache

import cv2
import numpy as np

from dataset.index import Index
from dataset.reader import Reader
from dataset.sample_files import controls_of
from jobs.audits.rules import Shown
from jobs.console.contact_sheets import Picture, beside, fit, overlay
from media.members import decode_still, decode_window
from schemas.controls import frames_of
from schemas.drawing import draw_skeleton, draw_spheres
from schemas.index import IndexRow
from schemas.outcome import UnfitError
from schemas.sample import TRACKS, VIDEO, reference_member

HEIGHT_PX = 176
QUALITY = 60
MOST_BYTES = 14 * 2**20
"""Of all pictures of a page together."""
Shots = Callable[[str, Shown], str | None]
"""A picture of a sample as the address of an image, None where it cannot be drawn or there is no room."""


def shots_of(index: Index) -> Shots:
    """Pictures of a data set's samples by their keys, each drawn once."""
    places = {key: place for place, key in enumerate(index.table["key"].to_pylist())}
    reader, spent = Reader(index.root, verify=False), [0]

    @cache
    def shot(key: str, shown: Shown) -> str | None:
        if spent[0] > MOST_BYTES:
            return None
        try:
            address = address_of(drawn(index.row(places[key]), reader, shown))
        except UnfitError:
            return None
        spent[0] += len(address)
        return address

    return shot


def drawn(row: IndexRow, reader: Reader, shown: Shown) -> Picture:
    """What is shown of a sample.

    Raises:
        UnfitError: it cannot be read.
    """
    members = reader.read(row)
    frame = middle_frame(row, members)
    others = references(row, members) if shown == "references" else []
    return beside([fit(picture, HEIGHT_PX) for picture in (frame, *others)])


def middle_frame(row: IndexRow, members: Mapping[str, bytes]) -> Picture:
    """The middle frame of a sample under its controls.

    Raises:
        UnfitError: it cannot be read.
    """
    t = row.frames // 2
    frame = np.empty((1, row.height, row.width, 3), np.uint8)
    if VIDEO not in members or TRACKS not in members:
        raise UnfitError("missing_member", row.key)
    decode_window(VIDEO, members[VIDEO], row.frames, t, frame)
    one = frames_of(controls_of(row, members[TRACKS]), slice(t, t + 1))
    maps = (draw(one, row.width, row.height) for draw in (draw_skeleton, draw_spheres))
    return np.asarray(overlay(frame, *maps)[0])


def references(row: IndexRow, members: Mapping[str, bytes]) -> list[Picture]:
    """The references of a sample, as they are.

    Raises:
        UnfitError: they cannot be read.
    """
    pictures = np.empty((row.num_references, row.height, row.width, 3), np.uint8)
    for number, picture in enumerate(pictures):
        name = reference_member(number)
        if name not in members:
            raise UnfitError("missing_member", f"{row.key}: {name}")
        decode_still(name, members[name], picture)
    return list(pictures)


def address_of(picture: Picture) -> str:
    """A picture as a JPEG inside an address."""
    how = [cv2.IMWRITE_JPEG_QUALITY, QUALITY]
    packed = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), how)[1]
    return f"data:image/jpeg;base64,{base64.b64encode(packed.tobytes()).decode()}"
