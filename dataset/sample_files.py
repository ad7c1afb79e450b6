"""What a sample's members say: its numbers as `Controls`, its facts from `meta.json`, held to formats.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dataset.arrays import unpack
from dataset.meta import is_enlargement, meta_in, shape_of
from schemas.arrays import array_specs
from schemas.controls import Controls
from schemas.index import IndexRow
from schemas.joints import BODY_JOINTS
from schemas.outcome import DamagedError, UnfitError
from schemas.sample import META, TRACKS, member_names
from schemas.version import DRAWING, READABLE
from storage.json_files import SHOWN, misfits


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
    wanted = member_names(row.num_references, has_audio=row.has_audio, baked=baked)
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
        meta = meta_in(data)
    except DamagedError as error:
        raise UnfitError("wrong_meta", f"{META}: {error}") from error
    refuse_version(row, meta, baked=baked)
    strange = misfits(meta, shape_of(row.schema), "meta")
    if strange:
        raise UnfitError("wrong_meta", strange[0])
    content = (meta["key"], meta["frames"], meta["size"], meta["joints"], len(meta["references"]))
    wanted = (row.key, row.frames, [row.width, row.height], list(BODY_JOINTS), row.num_references)
    if content != wanted:
        raise UnfitError("wrong_meta", f"{META} says {SHOWN.repr(content)}, expected {SHOWN.repr(wanted)}")
    if not is_enlargement(meta["to_canvas"]):
        raise UnfitError("wrong_meta", f"{META}: to_canvas is {SHOWN.repr(meta['to_canvas'])}")
    return Facts(
        source_width=meta["source"]["width"],
        to_canvas=np.array(meta["to_canvas"], np.float64),
        start_s=float(meta["span"]["start_s"]),
        reference_times_s=tuple(float(one["source_time_s"]) for one in meta["references"]),
    )


def refuse_version(row: IndexRow, meta: Any, *, baked: bool) -> None:
    """Returns where a sample follows the rules of this code, as far as it says.

    Raises:
        VersionError: another schema, or baked maps of other drawing rules.
    """
    schema, drawing = (meta.get(name) if isinstance(meta, dict) else None for name in ("schema", "drawing"))
    if not isinstance(schema, int) or not isinstance(drawing, int):
        return  # it says nothing of its rules, and is of no version
    if schema not in READABLE or (baked and drawing != DRAWING):
        raise VersionError(
            f"{row.key} is of schema {schema} with maps of drawing rules {drawing}; "
            f"this code reads schemas {READABLE[0]} to {READABLE[-1]} and draws by rules {DRAWING}"
        )


def controls_of(row: IndexRow, data: bytes) -> Controls:
    """The arrays of `tracks.npz`: no pickles, no compression, no memory beyond that of `data`.

    Raises:
        UnfitError: wrong_tracks.
    """
    try:
        found = unpack(data)
        missing = array_specs(Controls).keys() - found.keys()
        if missing:
            raise DamagedError(f"missing {sorted(missing)}")
        arrays = {name: found[name] for name in array_specs(Controls)}
        controls = Controls(**arrays)
    except ValueError as error:
        raise UnfitError("wrong_tracks", f"{TRACKS}: {error}") from error
    if len(controls.joints2d) != row.frames:
        raise UnfitError("wrong_tracks", f"{len(controls.joints2d)} rows for {row.frames} frames")
    if not all(np.isfinite(array).all() for array in arrays.values()):
        raise UnfitError("wrong_tracks", "a number is not finite")
    return controls
