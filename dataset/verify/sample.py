"""What is wrong with a stored sample, by formats.md: asked when it is written, and by audits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from dataset.tar import sample_digest
from dataset.verify.meta import wrong_meta
from dataset.verify.tracks import wrong_tracks
from media.facts import SoundFacts, VideoFacts, jpeg_size, sound_facts, video_facts
from media.sound import num_samples
from schemas.index import IndexRow
from schemas.media import SOUND_RATE
from schemas.outcome import DamagedError
from schemas.sample import (
    AUDIO,
    FACE,
    FACE_SIZE,
    MAX_REFERENCES,
    META,
    SKELETON,
    SPHERE,
    TRACKS,
    VIDEO,
    member_names,
    reference_member,
)

MAPS = {SKELETON, SPHERE}
"""Members of a sample with its maps baked: both or none."""

BROKEN = "the check itself broke on it"
"""What is said of a member that no reader here has a name for."""


@dataclass(frozen=True)
class CheckedSample:
    """A stored sample under examination."""

    row: IndexRow
    members: Mapping[str, bytes]  # by name, in the order of the tar
    decode: bool  # judge videos and stills by their pixels, not only by headers and packets


@dataclass(frozen=True)
class Violation:
    """A promise that a sample breaks."""

    check: str
    detail: str


def faults_of(exhibit: CheckedSample) -> Iterator[Violation]:
    """Every broken promise of a sample."""
    for name, check in CHECKS.items():
        try:
            for detail in check(exhibit):
                yield Violation(name, detail)
        except DamagedError as error:
            yield Violation(name, str(error))
        except Exception as error:  # noqa: BLE001 - a hole in a reader is no reason to say nothing of a sample
            yield Violation(name, f"{BROKEN}: {type(error).__name__}: {error}")


def check_digest(exhibit: CheckedSample) -> Iterator[str]:
    """The bytes are those that the index was written for."""
    if sample_digest(exhibit.row.key, dict(exhibit.members)) != exhibit.row.sha256:
        yield "sha256 of the members is not the index's"


def check_members(exhibit: CheckedSample) -> Iterator[str]:
    """All that must be there is there, and nothing else."""
    row, found = exhibit.row, exhibit.members.keys()
    if not 1 <= row.num_references <= MAX_REFERENCES:
        yield f"{row.num_references} references"
        return
    wanted = set(member_names(row.num_references, has_audio=row.has_audio, baked=bool(found & MAPS)))
    if wanted - found:
        yield f"missing {', '.join(sorted(wanted - found))}"
    if found - wanted:
        yield f"unexpected {', '.join(sorted(found - wanted))}"
    if list(found) != sorted(found):
        yield "not in the order of their names"


def check_videos(exhibit: CheckedSample) -> Iterator[str]:
    """Every video has the size that it should have, and T frames on the 24 fps clock."""
    row = exhibit.row
    canvas = (row.width, row.height)
    for name, size in ((VIDEO, canvas), (FACE, (FACE_SIZE, FACE_SIZE)), (SKELETON, canvas), (SPHERE, canvas)):
        if name not in exhibit.members:
            continue
        try:
            found = video_facts(exhibit.members[name], decode=exhibit.decode)
        except DamagedError as error:
            yield f"{name}: {error}"
            continue
        expected = VideoFacts("h264", "yuv420p", *size, row.frames, on_clock=True)
        if found != expected:
            yield f"{name}: {found}, expected {expected}"


def check_references(exhibit: CheckedSample) -> Iterator[str]:
    """Every reference is a JPEG of the canvas's size."""
    canvas = (exhibit.row.width, exhibit.row.height)
    for name in map(reference_member, range(MAX_REFERENCES)):
        if name in exhibit.members:
            size = jpeg_size(exhibit.members[name], decode=exhibit.decode)
            if size != canvas:
                yield f"{name}: {size}, expected {canvas}"


def check_sound(exhibit: CheckedSample) -> Iterator[str]:
    """The sound is 16 kHz mono and as long as the clip."""
    if AUDIO in exhibit.members:
        found = sound_facts(exhibit.members[AUDIO])
        expected = SoundFacts("flac", SOUND_RATE, 1, num_samples(exhibit.row.frames))
        if found != expected:
            yield f"{found}, expected {expected}"


def check_tracks(exhibit: CheckedSample) -> Iterator[str]:
    """The arrays are those of formats.md."""
    if TRACKS in exhibit.members:
        yield from wrong_tracks(exhibit.row, exhibit.members[TRACKS])


def check_meta(exhibit: CheckedSample) -> Iterator[str]:
    """`meta.json` has its keys and agrees with the index."""
    if META in exhibit.members:
        yield from wrong_meta(exhibit.row, exhibit.members[META])


CHECKS: dict[str, Callable[[CheckedSample], Iterator[str]]] = {
    "digest": check_digest,
    "members": check_members,
    "videos": check_videos,
    "references": check_references,
    "sound": check_sound,
    "tracks": check_tracks,
    "meta": check_meta,
}
"""Checks of one sample, by the name that a report gives them."""
