"""A tar is read strictly: whole files of samples, next to each other, then zeros, and nothing else."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from dataset.tar import read_members, sample_digest, samples_in
from schemas.outcome import DamagedError

FIRST, SECOND = "0123456789ab-000000-0", "0123456789ab-000120-0"
FILES = {f"{FIRST}.meta.json": b"{}", f"{FIRST}.video.mp4": b"v" * 700, f"{SECOND}.video.mp4": b"w" * 512}


def entry(name: str, size: int, kind: bytes = tarfile.REGTYPE) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.type = size, kind
    return info


def tarred(files: dict[str, bytes], *extra: tarfile.TarInfo, form: int = tarfile.USTAR_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as tar:
        for name, data in files.items():
            tar.addfile(entry(name, len(data)), io.BytesIO(data))
        for info in extra:
            tar.addfile(info)
    return out.getvalue()


def test_samples_lie_where_the_standard_library_finds_them(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    path.write_bytes(tarred(FILES))
    with path.open("rb") as file:
        first, second = samples_in(file)
    assert (first.key, first.offset, first.size) == (FIRST, 0, 512 + 512 + 512 + 1024)
    assert (second.key, second.offset, second.size) == (SECOND, 2560, 1024)
    with path.open("rb") as file:
        assert read_members(file, first) == {"meta.json": b"{}", "video.mp4": b"v" * 700}
    with tarfile.open(path) as tar:
        assert [info.offset_data for info in tar] == [
            member.start for sample in (first, second) for member in sample.members
        ]


def test_digest_tells_names_lengths_and_bytes_apart() -> None:
    result = [
        sample_digest(FIRST, {"a.x": b"12", "b.x": b"3"}),
        sample_digest(FIRST, {"a.x": b"1", "b.x": b"23"}),
        sample_digest(FIRST, {"a.x": b"12", "c.x": b"3"}),
        sample_digest(SECOND, {"a.x": b"12", "b.x": b"3"}),
        sample_digest(FIRST, {"b.x": b"3", "a.x": b"12"}),
    ]
    assert len(set(result)) == len(result)


def flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda data: data[:1600], "the tar ends at byte 1600"),
        (lambda data: data[:2560], "no tar header at byte 2560"),
        (lambda data: data[:3584], "no tar header at byte 3584"),
        (lambda data: data[: 3584 + 512], "end of the tar"),
        (lambda data: data + bytes(20_000), "end of the tar"),
        (lambda data: data[:-1], "end of the tar"),
        (lambda data: flipped(data, len(data) - 1), "end of the tar"),
        (lambda data: flipped(data, 5), "no tar header at byte 0: bad checksum"),
        (lambda _: b"", "no tar header at byte 0"),
        (lambda _: tarred({"../../evil.mp4": b""}), "no member of a sample"),
        (lambda _: tarred({"/etc/passwd": b""}), "no member of a sample"),
        (lambda _: tarred({f"folder/{FIRST}.video.mp4": b""}), "no member of a sample"),
        (lambda _: tarred({"no key.mp4": b""}), "no member of a sample"),
        (lambda _: tarred({f"{FIRST}.video.mp4\n": b""}), "no member of a sample"),
        (lambda _: tarred({}, entry(f"{FIRST}.video.mp4", 0, tarfile.SYMTYPE)), "no member of a sample"),
        (lambda _: tarred({}, entry(f"{FIRST}.video.mp4", 0, tarfile.DIRTYPE)), "no member of a sample"),
        (lambda _: tarred({"x" * 200: b""}, form=tarfile.GNU_FORMAT), "no member of a sample"),
        (lambda _: tarred({"é" * 80: b""}, form=tarfile.PAX_FORMAT), "no member of a sample"),
        (lambda _: tarred({**FILES, f"{FIRST}.late.txt": b""}), "not unique and next to each other"),
        (lambda data: data[:1024] + data, "not unique and next to each other"),
        (
            lambda _: entry(f"{FIRST}.video.mp4", 2**40).tobuf(tarfile.GNU_FORMAT) + bytes(10_240),
            "says 1099511627776 bytes",
        ),
    ],
)
def test_damage_is_named(damage: Callable[[bytes], bytes], words: str) -> None:
    with pytest.raises(DamagedError, match=words):
        samples_in(io.BytesIO(damage(tarred(FILES))))
