"""Mutated videos: headers, streams, containers, names; a function of the seed and the clips."""

from __future__ import annotations

import os
import re
import socket
import struct
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from random import Random

from benchmarks.faults.clips import CODECS, TITLE
from tests.mutants import mutant

HEAD = 2048
"""Bytes at the ends of a file that are mostly headers and indices."""
EXTREMES = (0, 1, 20_000_000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
"""What counts, sizes and offsets of sample tables are set to."""

Clips = Mapping[str, bytes]
Maker = Callable[[Random, Clips, Path, Path, str], str]
"""Draws a file into a folder, and says how it was made; the file may name a secret one and an address."""


def write_video(kind: str, seed: int, clips: Clips, folder: Path, secret: Path, address: str) -> str:
    """Write one mutated video into an empty folder; how it was made."""
    return KINDS[kind](Random(f"{kind} {seed}"), clips, folder, secret, address)


def positions(data: bytes | bytearray, word: bytes) -> list[int]:
    """Where a word stands."""
    return [found.start() for found in re.finditer(re.escape(word), data)]


def drawn_clip(draw: Random, clips: Clips) -> tuple[str, bytes]:
    """A clip; those of `CODECS`, in which a person is seen, three times as often as those of a corpus."""
    names = [name for name in clips for _ in range(3 if name in CODECS else 1)]
    name = draw.choice(names)
    return name, clips[name]


def headers(draw: Random, clips: Clips, folder: Path, *_: object) -> str:
    """A clip with changes in its headers: the boxes of mp4 and mov, one end of any other."""
    name, data = drawn_clip(draw, clips)
    index = data.find(b"moov")
    start = index - 4 if index > 0 else draw.choice((0, 0, max(len(data) - HEAD, 0)))
    write(folder / name, data, draw, start, start + HEAD)
    return name


def streams(draw: Random, clips: Clips, folder: Path, *_: object) -> str:
    """A clip with changes in its pictures and sound."""
    name, data = drawn_clip(draw, clips)
    write(folder / name, data, draw, min(HEAD, len(data) // 2), len(data))
    return name


def write(path: Path, data: bytes, draw: Random, start: int, stop: int) -> None:
    """Write a file with one to three changes between two of its bytes."""
    part = data[start:stop]
    for _ in range(draw.choice((1, 1, 2, 3))):
        part = mutant(path.name if start == 0 or b"moov" in part else "", part, draw.getrandbits(64))
    path.write_bytes(data[:start] + part + data[stop:])


# Containers


def containers(draw: Random, clips: Clips, folder: Path, secret: Path, address: str) -> str:
    """A file that is put together wrongly, or names others."""
    makers: tuple[Maker, ...] = (renamed, grafted, joined, titled, counted, listed, listed, referring)
    make = draw.choice(makers)
    return f"{make.__name__}: {make(draw, clips, folder, secret, address)}"


def renamed(draw: Random, clips: Clips, folder: Path, *_: object) -> str:
    """Under the name of another container."""
    (name, data), (other, _other) = drawn_clip(draw, clips), drawn_clip(draw, clips)
    (folder / other).write_bytes(data + free_box(draw))
    return f"{name} as {other}"


def grafted(draw: Random, clips: Clips, folder: Path, *_: object) -> str:
    """The head of one file and the rest of another."""
    (name, data), (other, rest) = drawn_clip(draw, clips), drawn_clip(draw, clips)
    at = draw.randrange(1, min(len(data), len(rest)))
    (folder / name).write_bytes(data[:at] + rest[at:])
    return f"{name} and {other} from {at}"


def joined(draw: Random, clips: Clips, folder: Path, *_: object) -> str:
    """Two files one after the other."""
    (name, data), (other, rest) = drawn_clip(draw, clips), drawn_clip(draw, clips)
    (folder / name).write_bytes(data + rest)
    return f"{name} and {other}"


def titled(draw: Random, clips: Clips, folder: Path, *_: object) -> str:
    """A title that is no text of the container's encoding."""
    name = draw.choice([name for name, data in clips.items() if TITLE.encode() in data])
    title = bytes(draw.choice((0xE9, 0xFF, 0x80, 0xC0, 0x1B, 0x0A, draw.randrange(1, 256))) for _ in TITLE)
    (folder / name).write_bytes(clips[name].replace(TITLE.encode(), title))
    return f"{name} {title!r}"


def counted(draw: Random, clips: Clips, folder: Path, *_: object) -> str:
    """Tables of samples that claim other numbers of entries, or other entries."""
    name = draw.choice([name for name in clips if name.endswith((".mp4", ".mov"))])
    changed, boxes = bytearray(clips[name]), []
    for _box in range(draw.randint(1, 3)):
        box = draw.choice((b"stsz", b"stts", b"stsc", b"stco", b"stss", b"ctts", b"elst", b"mdhd", b"tkhd"))
        found = positions(changed, box)
        if found:
            at = draw.choice(found) + 4 * draw.randint(2, 6)
            changed[at : at + 4] = struct.pack(">I", draw.choice((*EXTREMES, draw.randrange(2**32))))
            boxes.append(box.decode())
    (folder / name).write_bytes(changed + free_box(draw))
    return f"{name} {' '.join(boxes)}"


def free_box(draw: Random) -> bytes:
    """Bytes that a reader of mp4 passes over: they tell files of the same content apart."""
    return struct.pack(">I4sQ", 16, b"free", draw.getrandbits(64))


def listed(draw: Random, clips: Clips, folder: Path, secret: Path, address: str) -> str:
    """A list of other files under a video's name."""
    target = draw.choice((str(secret), f"file:{secret}", f"http://{address}"))
    texts = {
        "concat": f"ffconcat version 1.0\nfile '{target}'\n",
        "hls": f"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{target}\n#EXT-X-ENDLIST\n",
        "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 33\n",
        "dash": '<MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><Period><AdaptationSet>'
        f'<Representation id="0" bandwidth="1"><BaseURL>{target}</BaseURL></Representation>'
        "</AdaptationSet></Period></MPD>",
        "asx": f'<asx version="3.0"><entry><ref href="{target}"/></entry></asx>',
        "rtsp": f"RTSPtext\nrtsp://{address}\n",
        "webvtt": f"WEBVTT\n\n00:00.000 --> 00:01.000\n{target}\n",
        "ffmeta": f";FFMETADATA1\ntitle={target}\n",
    }  # fmt: skip
    kind = draw.choice(sorted(texts))
    (folder / draw.choice(sorted(clips))).write_text(texts[kind] + f"\n#{draw.getrandbits(64)}\n")
    return f"{kind} of {target.partition(':')[0]}"


def referring(draw: Random, clips: Clips, folder: Path, secret: Path, address: str) -> str:
    """A movie whose samples lie in another file, as QuickTime allows."""
    target = draw.choice((str(secret), f"file://{secret}", f"http://{address}")).encode() + b"\0"
    data = clips["plain.mp4"]
    entry = struct.pack(">I4sI", 12 + len(target), b"url ", 0) + target
    old = struct.pack(">I4sI", 12, b"url ", 1)
    at = data.find(old)
    changed = bytearray(data.replace(old, entry, 1))
    for box in (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"):
        start = data.rfind(box, 0, at) - 4  # each is the last of its kind before the entry
        size = struct.unpack_from(">I", data, start)[0]
        struct.pack_into(">I", changed, start, size + len(target))
    (folder / "reference.mov").write_bytes(changed + free_box(draw))
    return target[:-1].decode()


# Names

ODD: Sequence[bytes] = (
    *(b"x" * 240 + b".mp4", b"line\nbreak.mp4", b"tab\t.mp4", b"\x1b[2J\x1b]0;title\x07.mp4", b"a[/b].mp4"),
    *(b"[bold red].mp4", b"-i.mp4", b"%03d.mp4", b"a*?.mp4", b'it\'s "quoted".mp4', b"concat:a.mp4"),
    *(b"file:x.mp4", b"pipe:0.mp4", b"caf\xe9.mp4", b"\xff\xfe.mp4", "\u202egnp.mp4".encode(), b".mp4"),
    *(b"A.MP4", b"a.mp4.mp4", b"a.b.c.mp4", "\U0001f600.mp4".encode(), b" a .mp4", b"a;b,c|d.mp4", b"~.mp4"),
    *(b"$(id).mp4", b"`id`.mp4", b"a#b.mp4", b"a?b=c&d.mp4", b"s3:.mp4", b"\\.mp4", b"nul.mp4", b"{a}.mp4"),
    *("\u0301" * 60 + ".mp4").encode().split(b"\0"),
)
SUFFIXES = (b"." + b"m" * 200, b".mp4 ", b".mp4\n", b".m\xe9", b".", b".\x1b[2J", b".mp4;rm")


def names(draw: Random, clips: Clips, folder: Path, secret: Path, _: str) -> str:
    """A good video under an odd name, or something else under a good one."""
    if draw.random() < 0.65:
        name = draw.choice(ODD) if draw.random() < 0.8 else b"a" + draw.choice(SUFFIXES)
        path = folder / os.fsdecode(name)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(clips["plain.mp4"] + free_box(draw))
        return repr(name)
    make = draw.choice(sorted(NO_FILES))
    NO_FILES[make](folder / "a.mp4", secret)
    return make


def bind(path: Path) -> None:
    """A socket."""
    previous = Path.cwd()
    os.chdir(path.parent)  # the kernel takes short paths only
    try:
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(path.name)
    finally:
        os.chdir(previous)


def link_twice(path: Path, secret: Path) -> None:
    """A link to a link."""
    path.with_name("b").symlink_to(secret)
    path.symlink_to(path.with_name("b"))


NO_FILES: dict[str, Callable[[Path, Path], object]] = {
    "fifo": lambda path, _: os.mkfifo(path),
    "socket": lambda path, _: bind(path),
    "folder": lambda path, _: path.mkdir(),
    "link out": lambda path, secret: path.symlink_to(secret),
    "link to a link out": link_twice,
    "link to a folder out": lambda path, secret: path.with_name("d").symlink_to(secret.parent),
    "link to itself": lambda path, _: path.symlink_to(path),
    "link to nothing": lambda path, _: path.symlink_to(path.with_name("gone.mp4")),
    "link to zeros": lambda path, _: path.symlink_to("/dev/zero"),
    "link to a terminal": lambda path, _: path.symlink_to("/dev/tty"),
    "link to /proc": lambda path, _: path.symlink_to("/proc/self/mem"),
    "empty": lambda path, _: path.write_bytes(b""),
}

KINDS: dict[str, Maker] = {
    "headers": headers,
    "streams": streams,
    "containers": containers,
    "names": names,
}
