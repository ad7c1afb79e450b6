"""Addresses as a data set or a run may keep them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from storage.address import is_uri
from storage.place import Place, Where


def storable(where: Where) -> str:
    """An address in full, that holds in every folder; empty where it names a server: only a user may."""
    uri = Place.at(where).uri
    return "" if is_uri(uri) and "?" in uri else uri


def names_server(stored: Any) -> bool:
    """Whether what a file says, a text or several, is an address that names a server: it is not followed."""
    if isinstance(stored, str):
        return "://" in stored and "?" in stored
    return isinstance(stored, (list, tuple)) and any(map(names_server, stored))


def storable_all(where: Sequence[Where]) -> tuple[str, ...]:
    """Addresses in full; none of them where one names a server."""
    found = tuple(map(storable, where))
    return found if all(found) else ()
