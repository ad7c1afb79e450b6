"""Addresses as a data set or a run may keep them."""

from __future__ import annotations

from storage.address import is_uri
from storage.place import Place, Where


def storable(where: Where) -> str:
    """An address in full, that holds in every folder; empty where it names a server: only a user may."""
    uri = Place.at(where).uri
    return "" if is_uri(uri) and "?" in uri else uri
