"""Tampered data sets: tars, index, landings, run.json, links, pipes; audited and loaded as they lie."""

from __future__ import annotations

import io
import os
import shutil
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.faults.reading import Family, Read
from engine.audit import audit
from jobs.commands.check import pipeline_legs
from model.data.loader import Loader
from tests.model.data import sets
from tests.mutants import mutant
from tests.resume.job import make_films, run_job

MOST_TOKENS = 50_000
SILENT = "changed"
"""Tampering that may leave every promise kept: bytes that nobody reads."""


def prepare(folder: Path) -> None:
    """What a small job makes."""
    make_films(folder)
    done = run_job(folder, folder / "set")
    if done.returncode:
        raise RuntimeError(done.stderr)


def read(seed: int, folder: Path, trap: Path) -> Read:
    """A tampered copy of a set: whether the audit finds it, and whether the loader ends in a name."""
    draw = Random(f"set {seed}")
    name = sorted(TAMPERS)[seed % len(TAMPERS)]
    with tempfile.TemporaryDirectory() as own:
        out = Path(shutil.copytree(folder / "set", Path(own) / "set"))
        TAMPERS[name](draw, out, trap)
        found = faults_in(out)
        loaded(out)
    if found:
        return Read(what=name, end="rejected", reason=found)
    if name.startswith(SILENT):
        return Read(what=name, end="read")
    return Read(what=name, end="unnamed", reason="check finds nothing")


def faults_in(out: Path) -> str:
    """The first check that the set does not pass, or "refused" where it cannot be audited."""
    try:
        report = audit(out, pipeline_legs(), quick=False, workers=1, watch=lambda *_: None)
    except (OSError, ValueError) as error:
        if str(out) not in str(error):
            raise
        return "refused"
    return next((name for name, verdict in report.items() if verdict.failed), "")


def loaded(out: Path) -> None:
    """Load an epoch, or be refused with a reason."""
    settings = sets.settings(epochs=1, max_unfit=1000)
    settings = replace(settings, order=replace(settings.order, max_tokens=MOST_TOKENS))
    try:
        for _ in Loader(str(out), settings):
            pass
    except (OSError, ValueError) as error:
        if str(out) not in str(error):
            raise


def tars(out: Path) -> list[Path]:
    """The tars of a set."""
    return sorted(out.glob("shards/*/*.tar"))


# Tars


def tar_changed(draw: Random, out: Path, _: Path) -> None:
    """Headers, or any bytes."""
    tar = draw.choice(tars(out))
    tar.write_bytes(mutant("a.tar", tar.read_bytes(), draw.getrandbits(64)))


def rewritten(
    change: Callable[[tarfile.TarInfo, Random, Path], object],
) -> Callable[[Random, Path, Path], None]:
    """A tar written anew with one entry changed."""

    def tamper(draw: Random, out: Path, trap: Path) -> None:
        tar = draw.choice(tars(out))
        entries = []
        with tarfile.open(tar) as old:
            for entry in old:
                file = old.extractfile(entry)
                entries.append((entry, file.read() if file else b""))
        chosen = draw.randrange(len(entries))
        change(entries[chosen][0], draw, trap)
        with tarfile.open(tar, "w", format=draw.choice((tarfile.USTAR_FORMAT, tarfile.PAX_FORMAT))) as new:
            for entry, data in entries:
                entry.size = len(data) if entry.isreg() else 0
                new.addfile(entry, io.BytesIO(data))

    return tamper


def out_of_folder(entry: tarfile.TarInfo, draw: Random, trap: Path) -> None:
    """A path out of the folder."""
    entry.name = draw.choice(
        (f"../../{trap.name}.meta.json", str(trap), f"/tmp/{trap.name}", "../x", "a/../../x")
    )


def linked(entry: tarfile.TarInfo, draw: Random, trap: Path) -> None:
    """A link, a pipe or a device."""
    entry.type = draw.choice(
        (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE)
    )
    entry.linkname = str(trap)


def doubled(draw: Random, out: Path, _: Path) -> None:
    """A member that is there twice."""
    tar = draw.choice(tars(out))
    data = tar.read_bytes()
    with tarfile.open(tar) as old:
        entry = draw.choice(old.getmembers())
    stop = entry.offset_data + -(-entry.size // 512) * 512
    tar.write_bytes(data[:stop] + data[entry.offset : stop] + data[stop:])


def no_tar(draw: Random, out: Path, _: Path) -> None:
    """A pipe, device, link, folder or nothing in place of a tar."""
    replace_by(draw, draw.choice(tars(out)), out.parent / "elsewhere")


def replace_by(draw: Random, path: Path, elsewhere: Path) -> None:
    """Something that is no file, in place of one."""
    aside = path.with_name("aside")
    path.rename(aside)
    kind = draw.choice(("fifo", "zeros", "loop", "folder", "nothing", "out"))
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "zeros":
        path.symlink_to("/dev/zero")
    elif kind == "loop":
        path.symlink_to(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "out":
        path.symlink_to(shutil.copyfile(aside, elsewhere))
    aside.unlink()


def other_tar(draw: Random, out: Path, _: Path) -> None:
    """Tars that the index does not name; what is called otherwise is somebody else's."""
    folder = draw.choice(tars(out)).parent
    name = draw.choice(
        ("999999.tar", "x.tar", ".tar", "a/b.tar", ".000000.tar.tmp", "\x1b[2J.tar", "[/b].tar")
    )
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes(draw.randbytes(600))


# Index


def index_changed(draw: Random, out: Path, _: Path) -> None:
    """Columns, values, or any bytes."""
    file = out / "index.parquet"
    file.write_bytes(mutant("a.parquet", file.read_bytes(), draw.getrandbits(64)))


def rows_changed(
    change: Callable[[list[dict[str, object]], Random], object],
) -> Callable[[Random, Path, Path], None]:
    """An index written anew with changed rows."""

    def tamper(draw: Random, out: Path, _: Path) -> None:
        file = out / "index.parquet"
        table = pq.read_table(file)
        rows = table.to_pylist()
        change(rows, draw)
        pq.write_table(pa.Table.from_pylist(rows, table.schema), file)

    return tamper


def keys_twice(rows: list[dict[str, object]], draw: Random) -> None:
    """A key that is there twice."""
    rows.append(draw.choice(rows))


PLACES: dict[str, tuple[object, ...]] = {
    "shard": ("../x.tar", "/etc/passwd", "shards/../../x.tar", "s3://a/b.tar", "file:x"),
    "offset": (-512, 1, 2**40, 2**62),
    "size": (0, -1, 2**40, 2**62, 1),
    "frames": (-1, 0, 2**40),
    "width": (-2, 0, 2**40, 3),
}
"""Columns that say where a sample lies and what it takes, and what they may not hold."""


def places_out(rows: list[dict[str, object]], draw: Random) -> None:
    """A tar out of the folder, or a stretch out of the tar."""
    name = draw.choice(sorted(PLACES))
    draw.choice(rows)[name] = draw.choice(PLACES[name])


def rows_missing(rows: list[dict[str, object]], draw: Random) -> None:
    """A row that is missing."""
    rows.remove(draw.choice(rows))


def packed(draw: Random, out: Path, _: Path) -> None:
    """A few bytes of an index that are a great many rows or letters."""
    file = out / "index.parquet"
    table = pq.read_table(file)
    one = table.slice(0, 1)
    if draw.random() < 0.5:
        rows = pa.concat_tables([one] * 1000).combine_chunks()
        with pq.ParquetWriter(file, table.schema, compression="zstd") as writer:
            for _group in range(draw.choice((300, 3000))):
                writer.write_table(rows)
        return
    column = table.schema.get_field_index("licence")
    text = pa.array(["a" * draw.choice((10**7, 3 * 10**8))] * len(one))
    pq.write_table(one.set_column(column, table.schema.field(column), text), file, compression="zstd")


# Landings, run.json, links


def landing_changed(draw: Random, out: Path, _: Path) -> None:
    """A table or a marker, changed."""
    file = draw.choice(sorted(out.glob("landings/*/part-*")))
    kind = "a.json" if file.suffix == ".done" else "a.parquet"
    file.write_bytes(mutant(kind, file.read_bytes(), draw.getrandbits(64)))


def landing_missing(draw: Random, out: Path, _: Path) -> None:
    """A table or a marker, missing."""
    draw.choice(sorted(out.glob("landings/*/part-*"))).unlink()


def no_landing(draw: Random, out: Path, _: Path) -> None:
    """A pipe, device, link or folder in place of a landing's file."""
    replace_by(draw, draw.choice(sorted(out.glob("landings/*/part-*"))), out.parent / "elsewhere")


def run_changed(draw: Random, out: Path, _: Path) -> None:
    """`run.json`, changed."""
    file = out / "run.json"
    file.write_bytes(mutant("run.json", file.read_bytes(), draw.getrandbits(64)))


def no_run(draw: Random, out: Path, _: Path) -> None:
    """A pipe, device, link or folder in place of `run.json` or the index."""
    replace_by(draw, out / draw.choice(("run.json", "index.parquet")), out.parent / "elsewhere")


def folder_linked(draw: Random, out: Path, _: Path) -> None:
    """A link to elsewhere in place of a folder."""
    folder = draw.choice((out / "shards", *out.glob("shards/*")))
    elsewhere = out.parent / "elsewhere"
    folder.rename(elsewhere)
    folder.symlink_to(elsewhere)


TAMPERS: dict[str, Callable[[Random, Path, Path], None]] = {
    f"{SILENT} tar": tar_changed,
    "path out of the folder": rewritten(out_of_folder),
    "link in a tar": rewritten(linked),
    "member twice": doubled,
    "no tar": no_tar,
    "file beside tars": other_tar,
    f"{SILENT} index": index_changed,
    "key twice": rows_changed(keys_twice),
    "place out of a tar": rows_changed(places_out),
    "row missing": rows_changed(rows_missing),
    "packed index": packed,
    f"{SILENT} landing": landing_changed,
    "landing missing": landing_missing,
    "no landing": no_landing,
    f"{SILENT} run": run_changed,
    "no run or index": no_run,
    "folder linked": folder_linked,
}
FAMILY = Family(prepare=prepare, read=read)
