"""The corpus: which files there are, what is in them, and which of them are copies."""

from __future__ import annotations

import errno
import hashlib
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar
from urllib.parse import unquote

from dataset.tombstones import NOBODY, Tombstones
from media.content import sha256_of_file, state_of
from pipeline.stages.folder import VIDEO_SUFFIXES, FolderScan, by_name, listed, scan
from pipeline.stages.manifest import origin_of, read_rows, refuse_long
from schemas.arrow import to_row
from schemas.media import Copies, Listed, Source
from schemas.origin import Origin, disagreement
from schemas.outcome import Reject, Rejected
from schemas.reasons import Reason, reason_of
from storage.address import anothers, is_uri, printable, stored_path
from storage.place import Place, Where, suffix_of
from storage.store import Unreached

MANIFESTS = (".csv", ".parquet")


@dataclass(frozen=True, kw_only=True)
class Survey:
    """The videos of a corpus, and what of it was left out."""

    videos: list[Listed]
    others: Counter[str]  # files of a folder that are no videos by their names, by suffix
    links_out: int  # links that lead out of a folder and were not followed


@dataclass(frozen=True, kw_only=True)
class CorpusSettings:
    """What of a corpus is listed, and what holds of files of which nothing is said."""

    licence: str = "unknown"
    """Of videos of which no manifest says one."""
    domain: str = "unknown"
    """Of videos of which no manifest says one: talk, dance, sport, or a word of your own."""
    follow_links: bool = False
    """Take files and folders outside the folder of videos too, where links in it lead there."""


def list_corpus(videos: Where) -> list[Listed]:
    """The videos of `survey`."""
    return survey(videos).videos


def survey(videos: Where, settings: CorpusSettings = CorpusSettings()) -> Survey:
    """Every video of a folder tree or of a prefix in a store, every row of a manifest, or a file alone.

    What several names lead to is listed once. `pipeline.stages.folder` says which links are followed and how
    they are judged. A folder that cannot be opened is listed itself, so that the next step rejects it. A name
    that is not UTF-8 is listed with its odd bytes written as backslash escapes.

    A manifest is a CSV or Parquet table with a column `uri`, absolute or relative to the manifest's folder,
    and perhaps those of `pipeline.stages.manifest`; all others go along as they are. Manifest and files may
    lie anywhere, some here and some there. A row that names no file, a server or a key is listed without
    them, so that the next step rejects it.

    Raises:
        ValueError: no folder, manifest or video, or a manifest that cannot be used.
        OSError: the store denies it or does not answer.
    """
    place, unsaid = Place.at(videos), Origin(licence=settings.licence, domain=settings.domain)
    refuse_long(unsaid, "--licence or --domain")
    found = FolderScan()
    if is_file(place, MANIFESTS):
        facts = read_manifest(*Place.holding(place.uri), unsaid)
    elif is_file(place, VIDEO_SUFFIXES):
        facts = {place.uri if place.folder is None else printable(by_name(place.folder)): unsaid}
    else:
        found = scanned(place, follow_links=settings.follow_links)
        facts = dict.fromkeys(found.videos, unsaid)
        if not facts and not (place.folder and place.folder.is_dir()):
            nothing = "nothing is there; " if place.folder and not place.folder.exists() else ""
            raise ValueError(
                f"{videos}: {nothing}expected a folder of videos, a video, or a manifest, .csv or .parquet"
            )
    rows = [Listed(key=short_sha256(uri.encode()), uri=uri, origin=facts[uri]) for uri in sorted(facts)]
    return Survey(videos=rows, others=found.others, links_out=found.links_out)


def is_file(place: Place, suffixes: Sequence[str]) -> bool:
    """Whether a place is really a file, and one of these suffixes."""
    if suffix_of(place.uri) not in suffixes:
        return False
    holder, name = Place.holding(place.uri)
    return holder.size(name) is not None


def scanned(place: Place, *, follow_links: bool) -> FolderScan:
    """What lies below a place."""
    if place.folder is None:
        return listed(place.address(entry.name) for entry in place.files())
    return scan(place.folder, follow_links=follow_links) if place.folder.is_dir() else FolderScan()


def read_manifest(place: Place, name: str, unsaid: Origin) -> dict[str, Origin]:
    """What a manifest says of its videos, by address; what it leaves open is as in `unsaid`.

    Raises:
        ValueError: it cannot be read, has no column `uri`, or contradicts itself.
    """
    facts: dict[str, Origin] = {}
    for number, row in enumerate(read_rows(place, name), start=1):
        uri = address(place, str(row["uri"] or f"no uri in row {number}"))
        origin = origin_of(row, unsaid, f"{place.uri_of(name)}: row {number}")
        if to_row(facts.setdefault(uri, origin)) != to_row(origin):
            raise ValueError(f"{place.uri_of(name)}: row {number} contradicts an earlier row on {uri}")
    return facts


def address(place: Place, text: str) -> str:
    """The full address of a file that a manifest in this place names, or one that will be a reject.

    It is stored, and so holds no keys; of options only the manifest's own, so that no row chooses a server.
    """
    if (path := path_of(place, text)) is not None:
        return printable(by_name(Path(path.replace("\0", "\\x00"))))
    return anothers(text, place.uri) if is_uri(text) else place.address(text)


def path_of(place: Place, text: str) -> str | None:
    """The path on disk that a row names; None where it names something else."""
    if is_uri(text):
        matched = re.fullmatch(r"file://(?:localhost)?(/[^?]*)", text, re.IGNORECASE | re.DOTALL)
        return unquote(matched[1]) if matched else None
    if place.folder is not None or Path(text).is_absolute():
        return str((place.folder or Path()) / text)
    return None


def short_sha256(data: bytes) -> str:
    """First 12 hex digits: a key."""
    return hashlib.sha256(data).hexdigest()[:12]


class Corpus:
    """Listed -> Source: a file that can be read, and the hash of its content, in bounded memory.

    Of a content or a subject that has one of the `tombstones` nothing is kept but the file's address.
    """

    version: ClassVar[int] = 1

    def __init__(self, tombstones: Tombstones = NOBODY) -> None:
        self.tombstones = tombstones

    def __call__(self, item: Listed) -> Iterator[Source]:
        """The source.

        Raises:
            Rejected: "unsupported_uri", "missing", "unreadable", "empty", "changed": it was written while it
                was read, or "not_a_file": a folder, a device or pipe, or a link that leads to itself. Nothing
                is opened that could block. Of a file in a store also "denied" and "unreachable". "withdrawn":
                whoever is in it has left the data set.
        """
        sha256, num_bytes = hash_object(item.uri) if is_uri(item.uri) else hash_file(stored_path(item.uri))
        if num_bytes == 0:
            raise Rejected("empty", "0 bytes")
        if self.tombstones.hold(sha256) or self.tombstones.hold_subject(item.origin.subject):
            raise Rejected("withdrawn")
        yield Source(
            key=sha256[:12],
            uri=item.uri,
            sha256=sha256,
            num_bytes=num_bytes,
            origin=item.origin,
        )


def hash_file(path: Path) -> tuple[str, int]:
    """Sha256 and length of a regular file."""
    try:
        state = state_of(path)
        return sha256_of_file(path, state), state.num_bytes
    except (FileNotFoundError, NotADirectoryError) as error:
        raise Rejected("missing", str(error)) from error
    except OSError as error:
        loop = error.errno == errno.ELOOP
        raise Rejected("not_a_file" if loop else "unreadable", str(error)) from error


def hash_object(uri: str) -> tuple[str, int]:
    """Sha256 and length of a file in a store, as it streams by."""
    try:
        place, name = Place.holding(uri)
    except ValueError as error:
        raise Rejected("unsupported_uri", str(error)) from error
    digest, num_bytes = hashlib.sha256(), 0
    try:
        for chunk in place.chunks(name):
            digest.update(chunk)
            num_bytes += len(chunk)
    except FileNotFoundError as error:
        raise Rejected("missing", str(error)) from error
    except Unreached as error:
        raise Rejected(reason_of(error.reason), str(error)) from error
    return digest.hexdigest(), num_bytes


def copies(sources: Sequence[Source]) -> list[Copies]:
    """Sources of one content together, groups and members in the order of their first appearance."""
    groups: dict[str, list[Source]] = {}
    for source in sources:
        groups.setdefault(source.sha256, []).append(source)
    return [Copies(key=members[0].key, members=tuple(members)) for members in groups.values()]


class DropCopies:
    """Copies -> Source: the first copy that is not to be dropped, and a reject for each of the others."""

    version: ClassVar[int] = 1

    def __init__(self, dropped: Collection[str] = ()) -> None:
        self.dropped = frozenset(dropped)

    def __call__(self, item: Copies) -> Iterator[Source | Reject]:
        """The first member, and the rejects of the others: "gone" or "duplicate", which names the first."""
        first = next((member for member in item.members if member.uri not in self.dropped), None)
        for member in item.members:
            if member is first:
                yield member
            else:
                yield not_taken(member, first, gone=member.uri in self.dropped)


def not_taken(member: Source, first: Source | None, *, gone: bool) -> Reject:
    """Why a copy is not taken; where its manifest says other things of the same bytes, which."""
    reason: Reason = "gone" if gone else "duplicate"
    detail = "its samples were to leave with it"
    if not gone and first is not None:
        names = disagreement(member.origin, first.origin)
        other = f"its {', '.join(names)} is told otherwise, and that one's holds"
        detail = "; ".join([first.uri, *[other][: len(names)]])
    return Reject(key=member.key, step="first", reason=reason, detail=detail, uri=member.uri)
