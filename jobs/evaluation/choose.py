"""Which samples of a data set become pairs, and their files: a pure function of the index and a seed."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dataset.index import Index
from dataset.reader import Reader
from jobs.evaluation.films import Pictures, facts_of
from jobs.evaluation.manifest import BenchFile, BenchPair, DrivingFilm, Kind
from media.stills import read_still
from media.voice import add_voice, voice_of
from schemas.index import IndexRow
from schemas.media import Probed
from schemas.sample import AUDIO, VIDEO, reference_member
from storage.disk import replacing


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """A sample that drives, and the one whose person is moved."""

    driving: IndexRow
    shown: IndexRow


def choose(index: Index, kind: Kind, pairs: int, seed: int) -> list[Chosen]:
    """So many pairs or fewer, as many sources among them as there are; the same for the same index and seed.

    Raises:
        ValueError: cross-driven pairs are wanted of one source.
    """
    rows = spread(index, seed)
    if kind == "self":
        return [Chosen(driving=row, shown=row) for row in rows[:pairs]]
    if len({row.source_sha256 for row in rows}) < 2:
        raise ValueError(
            f"{index.root}: somebody else's film drives a cross-driven pair, and there is one source"
        )
    return [Chosen(driving=row, shown=other_of(row, number, rows)) for number, row in enumerate(rows[:pairs])]


def spread(index: Index, seed: int) -> list[IndexRow]:
    """All samples: one of each source, then a second one of each, in an order that is drawn by the seed."""
    drawn = sorted(index.rows(), key=lambda row: hashlib.sha256(f"pair {seed} {row.key}".encode()).digest())
    taken: dict[str, int] = {}
    turns = []
    for row in drawn:
        taken[row.source_sha256] = taken.get(row.source_sha256, -1) + 1
        turns.append(taken[row.source_sha256])
    return [row for _, row in sorted(zip(turns, drawn, strict=True), key=lambda pair: pair[0])]


def other_of(row: IndexRow, number: int, rows: list[IndexRow]) -> IndexRow:
    """A sample of another source, of the same framing where there is one."""
    others = [other for other in rows if other.source_sha256 != row.source_sha256]
    alike = [other for other in others if other.framing == row.framing] or others
    return alike[number % len(alike)]


def pairs_of(index: Index, chosen: list[Chosen], kind: Kind, files: Path) -> Iterator[BenchPair]:
    """The pairs, once their files lie in a folder.

    Raises:
        UnfitError, OSError: as `dataset.reader.Reader.read`.
        Rejected: a member cannot be read.
    """
    reader = Reader(index.root, verify=True)
    for number, pair in enumerate(chosen):
        driving = film_of(pair.driving, reader, files)
        reference = kept(reader.read(pair.shown)[reference_member(0)], ".jpg", files)
        picture = read_still(files / Path(reference.uri).name, max_pixels=2**26)
        yield BenchPair(
            pair_id=f"{number:04d}-{pair.driving.key}",
            kind=kind,
            driving=driving,
            reference=reference,
            canvas=canvas_of(kind, (pair.driving.width, pair.driving.height), picture),
            identity_id=pair.shown.source_sha256[:12],
            licence=" and ".join(sorted({pair.driving.licence, pair.shown.licence})),
        )


def film_of(row: IndexRow, reader: Reader, files: Path) -> DrivingFilm:
    """A sample's film, with its sound where it has one, as a file."""
    members = reader.read(row)
    with tempfile.TemporaryDirectory() as folder:
        silent, sound, loud = (Path(folder) / name for name in (VIDEO, AUDIO, "loud.mp4"))
        silent.write_bytes(members[VIDEO])
        if AUDIO in members:
            sound.write_bytes(members[AUDIO])
            with voice_of(sound) as voice:
                add_voice(silent, voice, loud)
        return driving_film(facts_of(loud if AUDIO in members else silent), files)


def driving_film(video: Probed, files: Path) -> DrivingFilm:
    """A film of this machine, copied to where the benchmark's files lie.

    Raises:
        OSError: it cannot be read.
    """
    path = Path(video.source.uri)
    file = kept(path.read_bytes(), path.suffix.lower(), files)
    return DrivingFilm(uri=file.uri, sha256=file.sha256, frames=video.num_frames, fps=round(video.fps, 3))


def canvas_of(kind: Kind, film: tuple[int, int], picture: Pictures) -> tuple[int, int]:
    """Width and height that films of a pair should have: those of the truth, else of the reference."""
    return film if kind == "self" else (picture.shape[1], picture.shape[0])


def kept(data: bytes, suffix: str, files: Path) -> BenchFile:
    """Bytes as a file of the benchmark, named by their digest."""
    sha256 = hashlib.sha256(data).hexdigest()
    path = files / f"{sha256[:16]}{suffix}"
    if not path.is_file() or path.read_bytes() != data:
        with replacing(path) as file:
            file.write(data)
    return BenchFile(uri=f"{files.name}/{path.name}", sha256=sha256)
