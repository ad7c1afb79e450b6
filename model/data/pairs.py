"""Pairs of samples for training across clips: a PyTorch data set, each item two windows and a reference."""

from __future__ import annotations

from typing import TypedDict

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Dataset

from dataset.index import read_index
from dataset.pairs import read_pairs
from dataset.reader import Reader
from dataset.sample_files import controls_of, require
from media.members import decode_still, decode_window
from model.data.augment import window_of
from schemas.drawing import draw_skeleton, draw_spheres
from schemas.index import IndexRow
from schemas.sample import FACE, FACE_SIZE, TRACKS, VIDEO, reference_member
from storage.place import Place

Pictures = NDArray[np.uint8]


class PairItem(TypedDict):
    """One pair: RGB, time first; each of the three in the size of its own canvas."""

    key: str
    driver_skeleton: Pictures  # t h w 3
    driver_sphere: Pictures
    driver_face: Pictures  # t 224 224 3, black without a face
    target_video: Pictures  # t H W 3
    target_skeleton: Pictures
    target_sphere: Pictures
    references: Pictures  # r H' W' 3, best first


class Pairs(Dataset[PairItem]):
    """The pairs of a table of `understudy pairs`, for `torch.utils.data.DataLoader`.

    With `held_out` above 0 only pairs both of whose people are learned from are given: those of the training
    part of `Index.split`.

    Raises (at birth):
        ValueError: no data set, no table of pairs, or pairs that the data set does not hold.
        OSError: one cannot be read.
    """

    def __init__(self, root: str, pairs: str, *, held_out: float = 0.0) -> None:
        index = read_index(root)
        kept, _ = index.split(held_out)
        self.root = root
        self.rows = {row.key: row for row in kept.rows()}
        self.pairs = [
            pair
            for pair in read_pairs(*Place.holding(pairs), index)
            if {pair.driver_key, pair.target_key, pair.reference_key} <= self.rows.keys()
        ]
        self.reader: Reader | None = None

    def __len__(self) -> int:
        """Number of pairs."""
        return len(self.pairs)

    def __getitem__(self, number: int) -> PairItem:
        """A pair, decoded.

        Raises:
            UnfitError: a sample breaks a promise of formats.md.
            IndexError: there is no such pair.
        """
        pair = self.pairs[number]
        driver, target = self.rows[pair.driver_key], self.rows[pair.target_key]
        seen = self.members(target)
        driving = self.members(driver)
        skeleton, sphere = maps(driver, driving, pair.driver_start, pair.frames)
        own_skeleton, own_sphere = maps(target, seen, pair.target_start, pair.frames)
        return PairItem(
            key=pair.key,
            driver_skeleton=skeleton,
            driver_sphere=sphere,
            driver_face=decoded(FACE, driver, driving, pair.driver_start, pair.frames),
            target_video=decoded(VIDEO, target, seen, pair.target_start, pair.frames),
            target_skeleton=own_skeleton,
            target_sphere=own_sphere,
            references=self.references(self.rows[pair.reference_key]),
        )

    def members(self, row: IndexRow) -> dict[str, bytes]:
        """The members of a sample; each worker opens the tars for itself."""
        if self.reader is None:
            self.reader = Reader(self.root, verify=False)
        found = self.reader.read(row)
        require(row, found, baked=False)
        return found

    def references(self, row: IndexRow) -> Pictures:
        """The references of a sample."""
        members = self.members(row)
        pictures = np.empty((row.num_references, row.height, row.width, 3), np.uint8)
        for number, out in enumerate(pictures):
            decode_still(reference_member(number), members[reference_member(number)], out)
        return pictures

    def __getstate__(self) -> dict[str, object]:
        """Without open files, for another process."""
        return {**self.__dict__, "reader": None}


def decoded(name: str, row: IndexRow, members: dict[str, bytes], start: int, frames: int) -> Pictures:
    """A window of a video."""
    height, width = (FACE_SIZE, FACE_SIZE) if name == FACE else (row.height, row.width)
    out = np.empty((frames, height, width, 3), np.uint8)
    decode_window(name, members[name], row.frames, start, out)
    return out


def maps(row: IndexRow, members: dict[str, bytes], start: int, frames: int) -> tuple[Pictures, Pictures]:
    """Skeletons and spheres of a window, drawn."""
    controls = window_of(controls_of(row, members[TRACKS]), start, frames)
    return draw_skeleton(controls, row.width, row.height), draw_spheres(controls, row.width, row.height)
