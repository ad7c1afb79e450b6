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


def faults_of(sample: CheckedSample) -> Iterator[Violation]:
    """Every broken promise of a sample."""
    for name, check in CHECKS.items():
        try:
            for detail in check(sample):
                yield Violation(name, detail)
        except DamagedError as error:
            yield Violation(name, str(error))
        except Exception as error:  # noqa: BLE001 - a hole in a reader is no reason to say nothing of a sample
            yield Violation(name, f"{BROKEN}: {type(error).__name__}: {error}")


def check_digest(sample: CheckedSample) -> Iterator[str]:
    """The bytes are those that the index was written for."""
    if sample_digest(sample.row.key, dict(sample.members)) != sample.row.sha256:
        yield "sha256 of the members is not the index's"


def check_members(sample: CheckedSample) -> Iterator[str]:
    """All that must be there is there, and nothing else."""
    row, found = sample.row, sample.members.keys()
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


def check_videos(sample: CheckedSample) -> Iterator[str]:
    """Every video has the size that it should have, and T frames on the 24 fps clock."""
    row = sample.row
    canvas = (row.width, row.height)
    for name, size in ((VIDEO, canvas), (FACE, (FACE_SIZE, FACE_SIZE)), (SKELETON, canvas), (SPHERE, canvas)):
        if name not in sample.members:
            continue
        try:
            found = video_facts(sample.members[name], decode=sample.decode)
        except DamagedError as error:
            yield f"{name}: {error}"
            continue
        expected = VideoFacts("h264", "yuv420p", *size, row.frames, on_clock=True)
        if found != expected:
            yield f"{name}: {found}, expected {expected}"


def check_references(sample: CheckedSample) -> Iterator[str]:
    """Every reference is a JPEG of the canvas's size."""
    canvas = (sample.row.width, sample.row.height)
    for name in map(reference_member, range(MAX_REFERENCES)):
        if name in sample.members:
            size = jpeg_size(sample.members[name], decode=sample.decode)
            if size != canvas:
                yield f"{name}: {size}, expected {canvas}"


def check_sound(sample: CheckedSample) -> Iterator[str]:
    """The sound is 16 kHz mono and as long as the clip."""
    if AUDIO in sample.members:
        found = sound_facts(sample.members[AUDIO])
        expected = SoundFacts("flac", SOUND_RATE, 1, num_samples(sample.row.frames))
        if found != expected:
            yield f"{found}, expected {expected}"


def check_tracks(sample: CheckedSample) -> Iterator[str]:
    """The arrays are those of formats.md."""
    if TRACKS in sample.members:
        yield from wrong_tracks(sample.row, sample.members[TRACKS])


def check_meta(sample: CheckedSample) -> Iterator[str]:
    """`meta.json` has its keys and agrees with the index."""
    if META in sample.members:
        yield from wrong_meta(sample.row, sample.members[META])


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
