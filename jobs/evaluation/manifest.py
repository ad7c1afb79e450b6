"""The manifest of a benchmark: which films and pictures, and how they are compared; its digest is in results.

Files lie beside it in `<name>.files`, by their digests, so both travel together and nothing else is read.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Literal

from media.content import sha256_of_file, state_of
from model.eval.drift import Segments
from model.eval.feature_meter import STEP, WINDOW
from schemas.outcome import Rejected
from storage.json_files import MAX_BYTES, read_json
from storage.records import read_as
from storage.regular_file import open_regular

VERSION = 1
Kind = Literal["self", "cross"]
"""A person driven by a film of itself, which is the truth; or by another's, where there is none."""
Resize = Literal["none", "lanczos"]


@dataclass(frozen=True, kw_only=True)
class BenchFile:
    """A file of the benchmark."""

    uri: str
    """From the manifest's folder."""
    sha256: str


@dataclass(frozen=True, kw_only=True)
class DrivingFilm(BenchFile):
    """What drives, and of a self-driven pair the truth."""

    frames: int
    fps: float


@dataclass(frozen=True, kw_only=True)
class BenchPair:
    """A picture of a person, and the film that it is to move like."""

    pair_id: str
    kind: Kind
    driving: DrivingFilm
    reference: BenchFile
    canvas: tuple[int, int]
    """Width and height, px, that a film is expected to have."""
    identity_id: str
    """Of the reference's person, as far as its source tells."""
    licence: str


@dataclass(frozen=True, kw_only=True)
class Decoding:
    """What reads films: others give other pixels."""

    library: str = "PyAV"
    version: str
    pixel_format: str = "rgb24"
    colour_matrix: str = "as tagged, BT.601 where untagged"


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What is compared with what."""

    region: Literal["full"] = "full"
    resize: Resize = "none"
    """What happens to films of another size than the truth's: they are missing, or resized to it."""


@dataclass(frozen=True, kw_only=True)
class VideoWindows:
    """Stretches that metrics of video see."""

    length: int = WINDOW
    stride: int = STEP
    tail: Literal["drop"] = "drop"


@dataclass(frozen=True, kw_only=True)
class Statistics:
    """How numbers are told of many pairs; covariances are those of each metric's name."""

    seed: int = 0
    bootstrap: int = 1000


@dataclass(frozen=True, kw_only=True)
class Extractor:
    """A file of weights that metrics look through."""

    file: str
    sha256: str


@dataclass(frozen=True, kw_only=True)
class BenchManifest:
    """A benchmark."""

    manifest_version: int = VERSION
    name: str
    recipe: str = ""
    """Name of the table of the paper that it is after, where it is after one."""
    pairs: tuple[BenchPair, ...]
    decode: Decoding
    compare: Comparison = field(default_factory=Comparison)
    windows: VideoWindows = field(default_factory=VideoWindows)
    segments: Segments = field(default_factory=Segments)
    extractors: dict[str, Extractor] = field(default_factory=dict)
    """By the name of the flag that gives the file."""
    packaged: dict[str, str] = field(default_factory=dict)
    """SHA-256 of the networks that Understudy fetches itself, by their files' names."""
    statistics: Statistics = field(default_factory=Statistics)


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """A manifest as it was read, and where its files lie."""

    manifest: BenchManifest
    sha256: str
    folder: Path

    def path(self, file: BenchFile) -> Path:
        """Where a file of it lies."""
        return self.folder / file.uri


def text_of(manifest: BenchManifest) -> bytes:
    """The manifest as it is written: the same one gives the same bytes."""
    return (json.dumps(asdict(manifest), indent=1, sort_keys=True) + "\n").encode()


def read_benchmark(path: Path) -> Benchmark:
    """The benchmark of a manifest; its files are looked at when they are used.

    Raises:
        ValueError: it is no manifest of this version, names a file elsewhere, or a pair twice.
        OSError: it is not there, or no regular file.
    """
    with open_regular(path) as opened:
        if os.fstat(opened.fileno()).st_size > MAX_BYTES:
            raise ValueError(f"{path}: no manifest: larger than {MAX_BYTES >> 20} MB")
        data = opened.read()
    try:
        plain = read_json(data)
    except ValueError as error:
        raise ValueError(f"{path}: no manifest: {error}") from error
    manifest = read_as(BenchManifest, plain, f"{path}: no manifest of a benchmark")
    for fault in faults_of(manifest):
        raise ValueError(f"{path}: {fault}")
    return Benchmark(
        manifest=manifest, sha256=hashlib.sha256(data).hexdigest(), folder=path.absolute().parent
    )


def faults_of(manifest: BenchManifest) -> Iterator[str]:
    """What is wrong with a manifest, a sentence each."""
    if manifest.manifest_version != VERSION:
        yield f"of manifest version {manifest.manifest_version}; this is version {VERSION}"
    if manifest.windows != VideoWindows():
        yield f"windows of other than {WINDOW} frames, {STEP} apart, are not measured here"
    names = [pair.pair_id for pair in manifest.pairs]
    if not names:
        yield "names no pair"
    if len(set(names)) < len(names):
        yield "names a pair twice"
    for name in names:
        if not name or PurePosixPath(name).name != name or name.startswith("."):
            yield f"a pair is called {name!r}, which is no name of a file"
    for file in (file for pair in manifest.pairs for file in (pair.driving, pair.reference)):
        if PurePosixPath(file.uri).is_absolute() or ".." in PurePosixPath(file.uri).parts:
            yield f"{file.uri}: a file of a benchmark lies beside its manifest"


def refuse_changed(folder: Path, file: BenchFile) -> Path:
    """A file of a benchmark in a folder, whose bytes are those that the manifest names.

    Raises:
        Rejected: "missing" or "changed".
    """
    path = folder / file.uri
    try:
        found = sha256_of_file(path, state_of(path))
    except OSError as error:
        raise Rejected("missing", f"{path}: {error.strerror}") from error
    if found != file.sha256:
        raise Rejected("changed", f"{path} is not the file that the manifest names")
    return path
