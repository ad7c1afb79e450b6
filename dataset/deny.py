"""A deny list: keys of samples that are not to be used, one a line, as `understudy audit` writes it."""

from __future__ import annotations

from storage.place import Place

MAX_BYTES = 2**30


def denied(where: str) -> frozenset[str]:
    """The keys of a deny list at a path or address: the first word of each line.

    Raises:
        ValueError: it is no text.
        OSError: there is none, or it cannot be read.
    """
    place, name = Place.holding(where)
    try:
        lines = place.read(name, size=MAX_BYTES).decode().splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(f"{where}: no deny list: {error}") from None
    return frozenset(line.split()[0] for line in lines if line.strip())
