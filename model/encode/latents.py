"""Samples to stored latents: what `understudy encode` does with each tar of a data set."""

from __future__ import annotations

import io
import itertools
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.lib import format as npy
from numpy.typing import NDArray

from dataset.index import Index
from dataset.reader import Members, Reader
from dataset.tar import sample_digest
from media.members import decode_still, decode_window
from model.data.batch import as_input
from model.data.epoch_order import OrderSettings, longest_windows
from model.data.epoch_report import check
from model.data.groups import AS_IT_IS
from model.data.latents import Halves, caption_of
from model.data.sampling_table import sampling_table
from model.data.windows import WindowRule, windows_of
from model.encode.autoencoder import Autoencoder
from model.encode.texts import TextEncoder
from model.encode.threads import one_thread
from schemas.index import IndexRow
from schemas.latents import MEMBER, LatentRow, latents_key, text_digest
from schemas.media import FPS
from schemas.outcome import Reject, UnfitError
from schemas.sample import VIDEO, reference_member
from schemas.version import LATENTS, MIRRORED_LATENTS, SCHEMA
from storage.place import Place


@dataclass(frozen=True, kw_only=True)
class LatentPart:
    """What becomes one file: a window of a sample, or its references or caption where there are no frames."""

    row: IndexRow
    start: int
    frames: int
    mirrored: bool = False
    caption: str = ""

    @property
    def key(self) -> str:
        """Key of the latents."""
        captioned = bool(self.caption)
        return latents_key(self.row.key, self.start, self.frames, mirrored=self.mirrored, caption=captioned)

    @property
    def made_from(self) -> str:
        """sha256 of what it depends on: the sample, or the caption's text."""
        return text_digest(self.caption) if self.caption else self.row.sha256

    @property
    def uri(self) -> str:
        """The tar that the sample lies in."""
        return self.row.shard

    @property
    def duration_s(self) -> float:
        """Seconds of footage."""
        return self.frames / FPS


@dataclass(frozen=True, kw_only=True)
class LatentParts:
    """What becomes one tar: all of the samples of a tar of the data set, sample after sample."""

    key: str  # path of both tars
    members: tuple[LatentPart, ...]

    @property
    def uri(self) -> str:
        """The tar that the samples lie in."""
        return self.members[0].uri

    @property
    def duration_s(self) -> float:
        """Seconds of footage."""
        return sum(part.duration_s for part in self.members)


def parts_of(
    index: Index, rule: WindowRule, max_tokens: int, *, mirrored: bool = False, captions: bool = False
) -> list[LatentPart]:
    """The references of each sample, and all windows of it that a loader of these settings ever draws.

    Each once, or in a mirror too. With `captions`, each caption too, with the first sample that has it.
    Samples that no window fits into have no part.

    Raises:
        ValueError: such a loader always draws new ones.
    """
    order = OrderSettings(groups=AS_IT_IS, window=rule, max_tokens=max_tokens)
    samples = sampling_table(index, order.groups)
    longest = longest_windows(samples, order)
    parts: list[LatentPart] = []
    texts = {""}
    for number in np.flatnonzero(longest >= rule.min_frames).tolist():
        row = index.row(number)
        drawn = windows_of(row.frames, int(longest[number]), samples.ident[number], rule)
        parts += [
            LatentPart(row=row, start=start, frames=frames, mirrored=side)
            for side in (False, True)[: 1 + mirrored]
            for start, frames in [(0, 0), *drawn]
        ]
        if captions and (caption := caption_of(row.extra)) not in texts:
            texts.add(caption)
            parts.append(LatentPart(row=row, start=0, frames=0, caption=caption))
    return parts


def refuse_nothing(index: Index, rule: WindowRule, max_tokens: int) -> None:
    """Returns where a loader of these settings draws anything.

    Raises:
        ValueError: no window of any clip fits; says what would.
    """
    order = OrderSettings(groups=AS_IT_IS, window=rule, max_tokens=max_tokens, max_dropped=1.0)
    check(sampling_table(index, order.groups), order)


class Encoder:
    """Writes tars of latents. Samples that break a promise of formats.md are rejects.

    Reasons: those of `dataset.reader` and `media.members`, "missing_member" and "not_finite".
    """

    def __init__(
        self, autoencoder: Autoencoder, data: str, out: str, texts: TextEncoder | None = None
    ) -> None:
        self.codec, self.vae = autoencoder.open(), autoencoder.digest
        self.caption = texts.open() if texts else None
        self.text = texts.digest if texts else ""
        self.device = torch.device(autoencoder.device)
        self.reader = Reader(data, verify=True)
        self.out = Place.at(out)

    def __call__(self, parts: LatentParts) -> Iterator[LatentRow | Reject]:
        """A row for each part that was encoded, a reject for each other, as each is done with.

        The rows hold once the last has been given and the tar is in its place.

        Raises:
            OSError: the folder cannot be written, or gives other bytes back.
        """
        with tempfile.TemporaryDirectory() as folder:
            aside = Path(folder) / "latents.tar"
            with tarfile.open(aside, "w", format=tarfile.USTAR_FORMAT) as tar:
                for _, group in itertools.groupby(parts.members, lambda part: part.row.key):
                    yield from self.write(tar, parts.key, group)
                filled = tar.offset > 0
            if filled:
                self.out.put(parts.key, aside)

    def write(
        self, tar: tarfile.TarFile, shard: str, parts: Iterable[LatentPart]
    ) -> Iterator[LatentRow | Reject]:
        """Encode the parts of one sample into a tar."""
        members: Members = {}
        for part in parts:
            try:
                if part.caption:
                    latents = self.embed(part.caption)
                else:
                    members = members or self.reader.read(part.row)
                    latents = self.encode(pictures_of(part, members), each=part.frames == 0)
            except UnfitError as no:
                yield Reject(key=part.key, step="encode", reason=no.reason, detail=no.detail, uri=part.uri)
            else:
                offset = tar.offset
                stored = append(tar, part.key, latents)
                encoder = self.text if part.caption else self.vae
                yield row_of(part, encoder, latents, stored, shard, offset, tar.offset - offset)

    def embed(self, caption: str) -> Halves:
        """The embedding (L, E, 1, 1) of a caption.

        Raises:
            UnfitError: not_finite.
        """
        assert self.caption is not None, "there are parts of captions only with an encoder"
        with one_thread():
            found = self.caption(caption).to("cpu", torch.float16)
        if not found.isfinite().all():
            raise UnfitError("not_finite", "the text encoder gave numbers beyond half precision")
        return np.ascontiguousarray(found[..., None, None])

    def encode(self, pictures: NDArray[np.uint8], *, each: bool) -> Halves:
        """Latents (C, T, H, W) of a film, or (R, C, H, W) of pictures that are encoded each for itself.

        Raises:
            UnfitError: not_finite.
        """
        shown = torch.from_numpy(np.ascontiguousarray(pictures))
        with one_thread():
            video = as_input(shown[:, None] if each else shown[None]).to(self.device)
            latents = self.codec.encode(video).to("cpu", torch.float16)
        if not latents.isfinite().all():
            raise UnfitError("not_finite", "the autoencoder gave numbers beyond half precision")
        return np.ascontiguousarray(latents[:, :, 0] if each else latents[0])


def pictures_of(part: LatentPart, members: Members) -> NDArray[np.uint8]:
    """The frames of a window, or the references (t, h, w, 3).

    Raises:
        UnfitError: a member is missing or cannot be decoded.
    """
    row = part.row
    names = [VIDEO] if part.frames else [reference_member(number) for number in range(row.num_references)]
    missing = [name for name in names if name not in members]
    if missing:
        raise UnfitError("missing_member", ", ".join(missing))
    pictures = np.empty((part.frames or row.num_references, row.height, row.width, 3), np.uint8)
    if part.frames:
        decode_window(VIDEO, members[VIDEO], row.frames, part.start, pictures)
    else:
        for picture, name in zip(pictures, names, strict=True):
            decode_still(name, members[name], picture)
    return pictures[:, :, ::-1] if part.mirrored else pictures


def append(tar: tarfile.TarFile, key: str, latents: Halves) -> Members:
    """Add latents to a tar, the same bytes at any time; what was added, by name."""
    data = io.BytesIO()
    npy.write_array(data, latents, version=(1, 0), allow_pickle=False)
    entry = tarfile.TarInfo(f"{key}.{MEMBER}")
    entry.size, entry.mode, entry.mtime = data.tell(), 0o444, 0
    data.seek(0)
    tar.addfile(entry, data)
    return {MEMBER: data.getvalue()}


def row_of(
    part: LatentPart, vae: str, latents: Halves, stored: Members, shard: str, offset: int, size: int
) -> LatentRow:
    """The row of a part that was encoded."""
    first, second, height, width = latents.shape
    return LatentRow(
        key=part.key,
        sample_sha256=part.made_from,
        start=part.start,
        frames=part.frames,
        vae=vae,
        rules=MIRRORED_LATENTS if part.mirrored else LATENTS,
        channels=first if part.frames else second,
        times=second if part.frames else first,
        height=height,
        width=width,
        shard=shard,
        offset=offset,
        size=size,
        sha256=sample_digest(part.key, stored),
        schema=SCHEMA,
    )
