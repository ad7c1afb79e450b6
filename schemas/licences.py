"""What a licence allows a data set to be used for, as far as its name tells."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal, get_args

Usage = Literal["unknown", "research", "commercial"]
"""From the narrowest to the widest: of what is unknown nobody may say that it can be used."""
WIDTHS: tuple[Usage, ...] = get_args(Usage)

RESEARCH = re.compile(r"(^|-)NC(-|$)|NON-?COMMERCIAL|RESEARCH|ACADEMIC")
COMMERCIAL = re.compile(
    r"(CC0|CC-BY(-SA)?|PDM|PUBLIC-DOMAIN|MIT|0?BSD|APACHE|ISC|ZLIB|UNLICENSE|ODC-BY|PDDL|CDLA-PERMISSIVE"
    r"|COMMERCIAL|NONE-NEEDED)(-[0-9].*|-CLAUSE|-LICENSE|-LICENCE)?"
)
NO_DERIVATIVES = re.compile(r"(^|-)ND(-|$)")
REMARK = re.compile(r"\([^)]*\)")


def usage_of(licence: str) -> Usage:
    """The use that a licence allows: of several, parted by commas or `AND`, the narrowest.

    Known are SPDX names (spdx.org/licenses) and the words `research`, `commercial` and `none needed`; remarks
    in parentheses are passed over. A licence against derivatives is unknown: a data set is made of pieces.
    """
    return narrowest(map(_usage_of_one, re.split(r",|;|\bAND\b", REMARK.sub("", licence))))


def narrowest(usages: Iterable[Usage]) -> Usage:
    """The narrowest of some uses, at least one."""
    return min(usages, key=WIDTHS.index)


def _usage_of_one(name: str) -> Usage:
    words = re.sub(r"[\s_-]+", "-", name.strip().upper())
    if NO_DERIVATIVES.search(words):
        return "unknown"
    if RESEARCH.search(words):
        return "research"
    return "commercial" if COMMERCIAL.fullmatch(words) else "unknown"
