"""What a sample's members say: its numbers as `Controls`, its facts from `meta.json`, held to formats.md."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from schemas.arrays import array_specs
from schemas.controls import Controls
from schemas.index import IndexRow
from schemas.joints import BODY_JOINTS
from schemas.outcome import UnfitError
from schemas.sample import AUDIO, FACE, META, SKELETON, SPHERE, TRACKS, VIDEO, reference_member
from schemas.version import DRAWING, SCHEMA

ZIP_FAULTS = (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, RuntimeError, KeyError)
MAX_HEADER_BYTES = 10_000


class VersionError(ValueError):
    """A sample follows other rules than this code: no damage, so it is never skipped."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is used of `meta.json`."""

    source_width: int  # px, as shown
    to_canvas: NDArray[np.float64]  # 2x3, source px to canvas px
    start_s: float  # of the clip in its source
    reference_times_s: tuple[float, ...]  # of each reference in the source


def require(row: IndexRow, members: Mapping[str, bytes], *, baked: bool) -> None:
    """Returns where every member that the sample must have is there.

    Raises:
        UnfitError: missing_member.
    """
    wanted = [VIDEO, FACE, TRACKS, META, *(reference_member(index) for index in range(row.num_references))]
    wanted += [AUDIO] if row.has_audio else []
    wanted += [SKELETON, SPHERE] if baked else []
    missing = [name for name in wanted if name not in members]
    if missing:
        raise UnfitError("missing_member", ", ".join(missing))


def facts_of(row: IndexRow, data: bytes, *, baked: bool) -> Facts:
    """The facts of a sample's `meta.json`, compared with its index row.

    Raises:
        UnfitError: wrong_meta.
        VersionError: another schema, or baked maps of other drawing rules.
    """
    try:
        meta = json.loads(data)
        said = (meta["schema"], meta["key"], meta["frames"], meta["size"], meta["joints"])
        drawing = meta["drawing"]
        facts = Facts(
            source_width=int(meta["source"]["width"]),
            to_canvas=np.array(meta["to_canvas"], np.float64),
            start_s=float(meta["span"]["start_s"]),
            reference_times_s=tuple(float(one["source_time_s"]) for one in meta["references"]),
        )
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UnfitError("wrong_meta", f"{META}: {error!r}") from error
    if said[0] != SCHEMA or (baked and drawing != DRAWING):
        raise VersionError(
            f"{row.key} is of schema {said[0]} with maps of drawing rules {drawing}; "
            f"this code reads schema {SCHEMA} and draws by rules {DRAWING}"
        )
    wanted = (SCHEMA, row.key, row.frames, [row.width, row.height], list(BODY_JOINTS))
    if said != wanted or len(facts.reference_times_s) != row.num_references:
        raise UnfitError("wrong_meta", f"{META} says {said}, expected {wanted}")
    if facts.to_canvas.shape != (2, 3) or not np.linalg.det(facts.to_canvas[:, :2]) > 0:
        raise UnfitError("wrong_meta", f"{META}: to_canvas is {meta['to_canvas']}")
    return facts


def controls_of(row: IndexRow, data: bytes) -> Controls:
    """The arrays of `tracks.npz`: no pickles, no compression, no memory beyond that of `data`.

    Raises:
        UnfitError: wrong_tracks.
    """
    specs = array_specs(Controls)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as file:
            arrays = {name: array_in(file, name) for name in specs}
        controls = Controls(**arrays)
    except (*ZIP_FAULTS, ValueError) as error:
        raise UnfitError("wrong_tracks", f"{TRACKS}: {error}") from error
    if len(controls.joints2d) != row.frames:
        raise UnfitError("wrong_tracks", f"{len(controls.joints2d)} rows for {row.frames} frames")
    if not all(np.isfinite(array).all() for array in arrays.values()):
        raise UnfitError("wrong_tracks", "a number is not finite")
    return controls


def array_in(file: zipfile.ZipFile, name: str) -> NDArray[Any]:
    """One array of an open `.npz`.

    Raises:
        ValueError: it is compressed, or no plain array.
    """
    entry = file.getinfo(f"{name}.npy")
    if entry.compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"{name} is compressed")
    return plain_array(file.read(entry))


def plain_array(data: bytes) -> NDArray[Any]:
    """The array of a `.npy` file.

    Raises:
        ValueError: it holds objects, or has another size than its header says.
    """
    body = io.BytesIO(data)
    if npy.read_magic(body) != (1, 0):
        raise ValueError("another version of .npy")
    shape, fortran, dtype = npy.read_array_header_1_0(body, max_header_size=MAX_HEADER_BYTES)
    if fortran or dtype.hasobject:
        raise ValueError("no plain array")
    return np.frombuffer(body.read(), dtype).reshape(shape)
