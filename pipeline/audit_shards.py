"""What is wrong with the files of a data set and with its tars."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from pipeline.media.arrays import DamagedError
from pipeline.media.tar import StoredSample, read_members, samples_in
from pipeline.media.verify import Exhibit, Fault, faults_of
from pipeline.stages.index import INDEX
from schemas.index import IndexRow


def file_faults(out: Path, named: Iterable[str]) -> Iterator[str]:
    """Files that are missing, and files, links and folders that should not be there."""
    wanted = {INDEX, "run.json", *named}
    folders = {"shards", "landings", *(str(Path(name).parent) for name in named)}
    missing = set(wanted)
    for path in walk(out):
        name = path.relative_to(out).as_posix()
        if path.is_symlink():
            yield f"{name!r} is a link"
        elif path.is_dir():
            if name not in folders and not name.startswith("landings/"):
                yield f"{name!r} does not belong there"
        elif not name.startswith("landings/"):  # the landings have a check of their own
            if name not in wanted:
                yield f"{name!r} is in no index"
            missing.discard(name)
    yield from (f"{name} is missing" for name in sorted(missing))


def walk(folder: Path) -> Iterator[Path]:
    """All that lies below a folder, in order, through no link."""
    for path in sorted(folder.iterdir()):
        yield path
        if path.is_dir() and not path.is_symlink():
            yield from walk(path)


def is_plain_file(path: Path) -> bool:
    """Whether a path is a file and no link."""
    return path.is_file() and not path.is_symlink()


def shard_faults(
    out: Path, by_shard: Mapping[str, Sequence[IndexRow]], shard: str, *, quick: bool
) -> tuple[list[Fault], int]:
    """What is wrong with a tar and its samples, and how many of them were looked into."""
    rows = {row.key: row for row in by_shard[shard]}
    try:
        stored = samples_in(out / shard)
    except (DamagedError, OSError) as error:
        return [Fault("shards", str(error))], 0
    faults = [Fault("shards", detail) for detail in place_faults(rows, stored)]
    looked_at = 0
    if not quick:
        with (out / shard).open("rb") as file:
            for sample in stored:
                if sample.key in rows:
                    looked_at += 1
                    exhibit = Exhibit(rows[sample.key], read_members(file, sample), decode=True)
                    faults += [
                        Fault(fault.check, f"{sample.key}: {fault.detail}") for fault in faults_of(exhibit)
                    ]
    return faults, looked_at


def place_faults(rows: Mapping[str, IndexRow], stored: Sequence[StoredSample]) -> Iterator[str]:
    """Samples that are not where the index says, not there, or not in the index."""
    for sample in stored:
        row = rows.get(sample.key)
        if row is None:
            yield f"{sample.key} is in no index"
        elif (sample.offset, sample.size) != (row.offset, row.size):
            yield (
                f"{sample.key}: {sample.size} bytes at {sample.offset}, "
                f"the index says {row.size} at {row.offset}"
            )
    yield from (f"{key} is missing" for key in sorted(rows.keys() - {sample.key for sample in stored}))
