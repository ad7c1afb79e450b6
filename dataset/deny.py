"""Deny lists: keys of samples that are not to be used, one a line, as `understudy audit` writes them."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from dataset.names import DENIED, SOURCE_DIGITS
from storage.place import Place

MAX_BYTES = 2**30
UNSAID = "no reason is given"


def denied(where: str) -> frozenset[str]:
    """The keys of a deny list at a path or address: the first word of each line.

    Raises:
        ValueError: it is no text.
        OSError: there is none, or it cannot be read.
    """
    return frozenset(deny_list(*Place.holding(where)))


def deny_list(place: Place, name: str) -> dict[str, str]:
    """The keys of a deny list and what stands behind each: names of rules.

    Raises:
        ValueError, OSError: as `denied`.
    """
    try:
        lines = place.read(name, size=MAX_BYTES).decode().splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(f"{place.uri_of(name)}: no deny list: {error}") from None
    parts = (line.split(maxsplit=1) for line in lines if line.strip())
    return {key: " ".join(why).strip() or UNSAID for key, *why in parts}


def kept_out(out: Place) -> dict[str, str]:
    """The samples that a data set keeps out, and why; none where nothing says so.

    Raises:
        ValueError, OSError: as `denied`.
    """
    return {} if out.size(DENIED) is None else deny_list(out, DENIED)


def keep_out(out: Place, more: Mapping[str, str]) -> None:
    """Have a data set keep out more samples than before; what it says of one already stays."""
    write(out, {**more, **kept_out(out)})


def let_go(out: Place, prefixes: Collection[str]) -> None:
    """Take the samples of sources off what a data set keeps out, by the digits that their keys begin with."""
    found = kept_out(out)
    if any(key[:SOURCE_DIGITS] in prefixes for key in found):
        write(out, {key: why for key, why in found.items() if key[:SOURCE_DIGITS] not in prefixes})


def write(out: Place, found: Mapping[str, str]) -> None:
    """Put a data set's list in its place."""
    out.write(DENIED, "".join(f"{key}\t{why}\n" for key, why in sorted(found.items())).encode())
