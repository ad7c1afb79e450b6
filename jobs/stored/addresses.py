"""Addresses as a data set or a run may keep them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from storage.address import names_server
from storage.place import Place, Where


def storable(where: Where) -> str:
    """An address in full, that holds in every folder; empty where it names a server: only a user may."""
    uri = Place.at(where).uri
    return "" if names_server(uri) else uri


def holds_server(stored: Any) -> bool:
    """Whether what a file says, a text or several, is an address that names a server: it is not followed.

    NAME=ADDRESS too.
    """
    if isinstance(stored, str):
        return any(map(names_server, (stored, stored.partition("=")[2])))
    return isinstance(stored, (list, tuple)) and any(map(holds_server, stored))


def storable_all(where: Sequence[Where]) -> tuple[str, ...]:
    """Addresses in full; none of them where one names a server."""
    found = tuple(map(storable, where))
    return found if all(found) else ()
