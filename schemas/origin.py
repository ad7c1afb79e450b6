"""Where a video comes from, whom it shows and what was agreed: what a corpus tells of its files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, field
from typing import Any

from schemas.base import record

ORIGIN_TEXTS = ("licence", "domain", "subject", "take", "camera", "consent")
"""Columns of a manifest that are kept under their own names, besides `uri`."""
UNTOLD = "unknown"
"""Licence and domain of a video of which nothing is said."""


@record
class Lens:
    """A calibrated camera without distortion; px of the source as shown, centres at integers."""

    focal_px: float
    principal_x: float
    principal_y: float


@record
class Origin:
    """What is said of a video; a text is empty where nothing is."""

    licence: str = UNTOLD
    domain: str = UNTOLD
    subject: str = ""  # the person that is seen: a pseudonym
    take: str = ""  # a moment that several cameras saw
    camera: str = ""  # which of them
    consent: str = ""  # a reference to a document
    extra: dict[str, str] = field(default_factory=dict)  # other columns of the manifest
    lens: Lens | None = None


def extra_text(extra: Mapping[str, str]) -> str:
    """Other columns of a manifest as one text, the same for the same: a JSON object, keys in order."""
    return json.dumps(dict(extra), sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def disagreement(one: Origin, other: Origin) -> list[str]:
    """Which fields tell otherwise."""
    stated, instead = asdict(one), asdict(other)
    return [name for name in stated if stated[name] != instead[name]]


def with_origin(row: dict[str, Any]) -> dict[str, Any]:
    """A row that a record with an `origin` is read from, be it of schema 1, which had two texts."""
    if "origin" in row:
        return row
    return row | {"origin": {"licence": row["licence"], "domain": row["domain"]}}
