"""Changes that know a format: files that are well formed outside and odd inside."""

from __future__ import annotations

import io
import json
import re
import struct
import warnings
import zipfile
from collections.abc import Callable
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

Change = Callable[[bytes, Random], bytes]

JSON_VALUES = (
    *("NaN", "-Infinity", "1e999", "9" * 400, "9" * 5000, "-5", "0", "99", "1.5", "1e300", "1e-320"),
    *("null", "true", '""', '"x"', '"\\ud800"', '"\\u001b[2J"', '"../../etc/passwd"', f'"{"a" * 20_000}"'),
    *("[]", "{}", '[[[["deep"]]]]', "[" * 500 + "]" * 500, "[" * 20_000 + "]" * 20_000, '{"x": 1, "x": 2}'),
    *("[1, 2, 3]", "[" + "0," * 5000 + "0]"),
)
PLACEHOLDER = "the value that is exchanged"

DESCRIPTIONS = (
    *("'<f4,'", "'<f4,<f4'", "','", "'|O'", "'<U99999999'", "'>f4'", "'<f8'", "'<c16'", "'M8[ns]'", "'<f3'"),
    *(
        "[('a', '<f4')]",
        "[('a', '<f4', (99999999,))]",
        "''",
        "None",
        "7",
        "{}",
        "(" * 3000,
        "'<f4' * 9999999",
    ),
)
SHAPES = (
    *("(1000000000000,)", "(-1,)", "(-9000, 2)", "(0,)", "()", "(1e9,)", "('a',)", "(True,)", "7", "None"),
    *("(" + "1," * 2000 + ")", "(99999999999999999999999,)", "(((((2,)))))", "(4294967296, 4294967296)"),
)
HEADER = re.compile(
    rb"'descr': (?P<descr>'[^']*'), 'fortran_order': (?P<order>\w+), 'shape': (?P<shape>\([^)]*\))"
)


def json_changed(data: bytes, random: Random) -> bytes:
    """A value is another, is missing, or is there twice."""
    try:
        whole = json.loads(data)
    except ValueError:
        return data
    holders = [holder for holder in walk(whole) if holder]
    if not holders:
        return data
    holder = random.choice(holders)
    key = random.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
    value = random.choice(JSON_VALUES)
    kind = random.random()
    if kind < 0.1:
        del holder[key]
        return json.dumps(whole).encode()
    if kind < 0.2 and isinstance(holder, dict):
        value = f"{json.dumps(holder[key])}, {json.dumps(key)}: {value}"
    elif kind < 0.3 and isinstance(holder, dict):
        value = f'{json.dumps(holder[key])}, "unknown": {value}'
    holder[key] = PLACEHOLDER
    return json.dumps(whole).replace(f'"{PLACEHOLDER}"', value).encode()


def walk(value: Any) -> list[Any]:
    """All objects and lists in a JSON value."""
    if not isinstance(value, dict | list):
        return []
    inner = value.values() if isinstance(value, dict) else value
    return [value, *(found for one in inner for found in walk(one))]


def npy_changed(data: bytes, random: Random) -> bytes:
    """The header of an array describes another, or nothing."""
    found = HEADER.search(data)
    if found is None:
        return data
    part = random.choice(("descr", "order", "shape", "length", "version"))
    if part == "version":
        return data[:6] + bytes((random.randint(0, 9), random.randint(0, 3))) + data[8:]
    if part == "length":
        return data[:8] + struct.pack("<H", random.choice((0, 1, 9000, 65535))) + data[10:]
    texts = {"descr": DESCRIPTIONS, "order": ("True", "None", "1", "false"), "shape": SHAPES}
    start, stop = found.span(part)
    end = data.index(b"\n", stop)
    header = data[10:start] + random.choice(texts[part]).encode() + data[stop:end].rstrip() + b"\n"
    return data[:8] + struct.pack("<H", len(header)) + header + data[end + 1 :]


def zip_changed(data: bytes, random: Random) -> bytes:
    """An archive is compressed, or has entries that are changed, missing, renamed, or there twice."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = [(entry.filename, archive.read(entry)) for entry in archive.infolist()]
    at = random.randrange(len(entries))
    name, content = entries[at]
    kind = random.choice(("inside", "inside", "compressed", "bomb", "missing", "renamed", "twice", "comment"))
    method = zipfile.ZIP_DEFLATED if kind in {"compressed", "bomb"} else zipfile.ZIP_STORED
    if kind == "inside":
        change = npy_changed if name.endswith(".npy") else pickle_changed
        entries[at] = (name, change(content, random))
    elif kind == "bomb":
        entries[at] = (name, content + bytes(2**24))
    elif kind == "missing":
        del entries[at]
    elif kind == "renamed":
        entries[at] = (random.choice(("../x.npy", "", "x", "\udcff.npy", "a" * 3000, name + "x")), content)
    elif kind == "twice":
        entries.append((name, content))
    changed = io.BytesIO()
    with warnings.catch_warnings(action="ignore"), zipfile.ZipFile(changed, "w", method) as archive:
        archive.comment = b"said" * (kind == "comment")
        for one, inside in entries:
            entry = zipfile.ZipInfo(one.encode("utf-8", "replace").decode())
            entry.compress_type = method
            archive.writestr(entry, inside)
    return changed.getvalue()


def pickle_changed(data: bytes, random: Random) -> bytes:
    """A byte of a pickle, or of anything else in an archive, is another; or it ends early."""
    if not data:
        return b"\x80\x02."
    at = random.randrange(len(data))
    return random.choice((data[:at], data[:at] + random.randbytes(1) + data[at + 1 :]))


def boxes_changed(data: bytes, random: Random) -> bytes:
    """A box of an MP4 has another size or name, or a number in its first bytes is another."""
    names = (
        b"moov",
        b"trak",
        b"mdia",
        b"stbl",
        b"stsd",
        b"stts",
        b"stsz",
        b"stsc",
        b"stco",
        b"ctts",
        b"avcC",
    )
    places = [at for name in names if (at := data.find(name)) >= 4]
    if not places:
        return data
    at = random.choice(places)
    at += random.choice((-4, -4, 0, 4, 8, 12, 16, 20))
    number = random.choice((0, 1, 7, 8, 2**16, 2**24, 20_000_000, 2**31 - 1, 2**31, 2**32 - 1))
    return data[:at] + struct.pack(">I", number) + data[at + 4 :]


def jpeg_changed(data: bytes, random: Random) -> bytes:
    """A segment of a JPEG has another kind, length or first bytes."""
    places = [found.start() for found in re.finditer(rb"\xff[\xc0-\xfe]", data[:4096])]
    if not places:
        return data
    at = random.choice(places) + random.randint(1, 9)
    return data[:at] + random.randbytes(random.choice((1, 2, 4))) + data[at + random.choice((1, 2, 4)) :]


def header_changed(data: bytes, random: Random) -> bytes:
    """A field of a tar header is another, and its checksum right."""
    places = [at for at in range(0, len(data), 512) if data[at + 257 : at + 262] == b"ustar"]
    if not places:
        return data
    at = random.choice(places)
    header = bytearray(data[at : at + 512])
    field, values = random.choice(tuple(TAR_FIELDS.items()))
    start, size = field
    header[start : start + size] = random.choice(values)[:size].ljust(size, b"\0")
    header[148:156] = b"        "
    header[148:156] = b"%06o\0 " % sum(header)
    return data[:at] + bytes(header) + data[at + 512 :]


TAR_FIELDS: dict[tuple[int, int], tuple[bytes, ...]] = {
    (0, 100): (b"", b"../../x", b"/etc/passwd", b"\xff\xfe.meta.json", b"a" * 100, b"\x1b[2J.meta.json"),
    (124, 12): (b"0", b"77777777777", b"-1", b"\xff" * 12, b"\x80" + b"\x7f" * 11, b"x", b"00000001000"),
    (156, 1): tuple(bytes([kind]) for kind in b"123456LKSxgDVN\x00\xff"),
    (157, 100): (b"/etc/passwd", b"../x"),
    (257, 8): (b"ustar  \0", b"notatar"),
    (345, 155): (b"..", b"a" * 155),
}
"""Place and length of fields, and what is written there."""


def table_changed(data: bytes, random: Random) -> bytes:
    """A column of a table is renamed, of another type or missing; some values are odd, or rows repeated."""
    table = pq.read_table(io.BytesIO(data))
    at = random.randrange(table.num_columns)
    name, column = table.column_names[at], table.column(at)
    kind = random.choice(
        ("values", "values", "values", "missing", "renamed", "cast", "rows", "none", "order")
    )
    if kind == "values":
        rows = column.to_pylist()
        for row in random.sample(range(len(rows)), random.randint(1, len(rows))):
            rows[row] = random.choice(CELLS.get(str(column.type), (None,)))
        table = table.set_column(at, table.field(at), pa.array(rows, column.type))
    elif kind == "missing":
        table = table.remove_column(at)
    elif kind == "renamed":
        table = table.rename_columns([*table.column_names[:at], f"{name}x", *table.column_names[at + 1 :]])
    elif kind == "cast":
        table = table.set_column(at, name, pa.array([b"x"] * len(table)))
    elif kind in {"rows", "order"}:
        rows = [random.randrange(len(table)) for _ in range(len(table))]
        table = table.take(rows if kind == "rows" else list(range(len(table)))[::-1])
    else:
        table = table.slice(0, 0)
    changed = io.BytesIO()
    pq.write_table(table, changed, compression=random.choice(("zstd", "snappy", "none", "gzip")))
    return changed.getvalue()


CELLS: dict[str, tuple[Any, ...]] = {
    "string": (
        None,
        "",
        "../../etc/passwd",
        "shards/1x1/000000.tar",
        "a" * 100_000,
        "\x1b[2J",
        "\x00",
        "0" * 64,
    ),
    "int64": (None, 0, -1, 1, 511, 512, 2**31, 2**50, 2**62, 2**63 - 1, -(2**63)),
    "double": (None, float("nan"), float("inf"), -float("inf"), 0.0, -1.0, 1e300, 1e-320),
    "bool": (None, True, False),
}


def tensors_changed(data: bytes, random: Random) -> bytes:
    """The list of tensors that a safetensors file begins with is another."""
    (size,) = struct.unpack_from("<Q", data)
    header = json_changed(data[8 : 8 + size], random)
    return struct.pack("<Q", len(header)) + header + data[8 + size :]


FORMATS: dict[str, tuple[Change, ...]] = {
    ".json": (json_changed,),
    ".npy": (npy_changed,),
    ".npz": (zip_changed,),
    ".pth": (zip_changed,),
    ".mp4": (boxes_changed,),
    ".jpg": (jpeg_changed,),
    ".tar": (header_changed,),
    ".parquet": (table_changed,),
    ".safetensors": (tensors_changed,),
}
