"""Addresses of files and stores: one spelling, no secrets, and no server that the user did not name."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit

AZURE = {"blob_storage_authority", "blob_storage_scheme", "dfs_storage_authority", "dfs_storage_scheme"}
OPTIONS = {
    "s3": {"endpoint_override", "scheme", "region", "anonymous", "force_virtual_addressing"},
    "gs": {"endpoint_override", "scheme", "anonymous"},
    "abfs": AZURE,
    "abfss": AZURE,
}
"""Object stores by scheme, and what an address may say after its question mark: never a key or password."""

WITHHELD = "withheld"
"""Stands in an address for what another's row said of servers or keys: such an address is refused."""
BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
ACCOUNT = re.compile(r"([A-Za-z0-9$-]+@)?[a-z0-9]+\.(blob|dfs)\.core\.windows\.net|[a-z0-9]+@[A-Za-z0-9$-]+")
"""Where an address of a store alone leads: to a bucket or a container at the store's own provider."""

ODD = re.compile(r"[\x00-\x1f\x7f\\]")


ODD_BYTE = re.compile(rb"\\x([89a-f][0-9a-f])")


def printable(path: Path) -> str:
    """The path as text that can be stored: bytes that are not UTF-8 become backslash escapes."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def stored_path(stored: str) -> Path:
    """The path that `printable` told; a file whose name has such escapes in letters comes first."""
    if os.path.lexists(stored):
        return Path(stored)
    return Path(os.fsdecode(ODD_BYTE.sub(lambda odd: bytes([int(odd[1], 16)]), os.fsencode(stored))))


def is_uri(where: str) -> bool:
    """Whether an address names a scheme, as `s3://bucket/key` does."""
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", where) is not None


def normalised(parts: SplitResult) -> str:
    """The address of a place in a store, checked and in one spelling.

    Raises:
        ValueError: an unknown scheme or option, a password, or a path that is not plain. What may be secret
            is not repeated.
    """
    if parts.scheme not in OPTIONS:
        raise ValueError(f"{parts.scheme}:// is no place for files; known are file, {', '.join(OPTIONS)}")
    if parts.query == WITHHELD:
        raise ValueError(
            f"{parts.scheme}://{parts.netloc}: a row chooses no server and brings no keys; options hold in "
            "the manifest's own address alone"
        )
    known = OPTIONS[parts.scheme]
    if ":" in parts.netloc or ("@" in parts.netloc and known is not AZURE):
        raise ValueError(f"keys do not belong in a {parts.scheme}:// address: set them in the environment")
    options = sorted(parse_qsl(parts.query, keep_blank_values=True))
    if any(name not in known for name, _ in options):
        raise ValueError(
            f"{parts.scheme}://{parts.netloc}: an option is none of {', '.join(sorted(known))} "
            "(keys belong in the environment)"
        )
    if not parts.netloc:
        raise ValueError(f"{parts.scheme}:// names no bucket")
    path = unquote(parts.path).strip("/")
    if path:
        refuse_odd(path)
    return SplitResult(
        parts.scheme, parts.netloc, path and f"/{encoded(path)}", urlencode(options), ""
    ).geturl()


def anothers(text: str, own: str) -> str:
    """The address that another's list names, as far as it may be followed: it names a file, never a server.

    `own` is the address of the list, given by the user: its options hold for the files of its scheme, a
    region only in its own bucket. An address with other options, with keys or with a host of its own comes
    back without them and is refused by `normalised`: what may be secret is not kept.
    """
    home = urlsplit(own) if is_uri(own) else urlsplit("")
    try:
        parts = urlsplit(text, allow_fragments=False)
    except ValueError:  # brackets that hold no address of IPv6
        return f"{text.partition('://')[0]}://?{WITHHELD}"
    if not chooses_nothing(parts, home):
        host, slash, path = text.partition("://")[2].rpartition("@")[2].partition("?")[0].partition("/")
        return f"{parts.scheme}://{host}{slash}{path}?{WITHHELD}"
    if parts.scheme == home.scheme:
        options = parse_qsl(home.query, keep_blank_values=True)
        same = parts.netloc == home.netloc
        kept = [(name, value) for name, value in options if same or name != "region"]
        parts = parts._replace(query=urlencode(kept))
    try:
        return normalised(parts)
    except ValueError:  # as whoever opens it will find again
        return parts.geturl()


def chooses_nothing(parts: SplitResult, home: SplitResult) -> bool:
    """Whether an address leads nowhere but to a store's provider, or where its list's own address leads."""
    if parts.query and (parts.scheme, parts.query) != (home.scheme, home.query):
        return False
    if (parts.scheme, parts.netloc) == (home.scheme, home.netloc):
        return True
    named = ACCOUNT if OPTIONS.get(parts.scheme) is AZURE else BUCKET
    return named.fullmatch(parts.netloc) is not None


def names_server(uri: str) -> bool:
    """Whether an address leads to a server of its own choice, and not to a bucket at the store's provider."""
    return is_uri(uri) and not uri.startswith("file:") and not chooses_nothing(urlsplit(uri), urlsplit(""))


def refuse_odd(name: str) -> None:
    """Raise ValueError where a name could lead out of its place, or means different things in two places."""
    if ODD.search(name) or any(part in {"", ".", ".."} for part in name.split("/")):
        raise ValueError(f"{name!r} is no plain name of a file in a folder")


def encoded(name: str) -> str:
    """A name as a part of an address."""
    return quote(name, safe="/!$'()*,:;=@~+&")
