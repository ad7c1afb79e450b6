"""ShardPlan to IndexRow: samples become files in one tar, made in scratch space, read back, and then put."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

from numpy.typing import NDArray

from dataset.arrays import pack
from dataset.meta import camera_of, meta_in, pack_meta, usable_for
from dataset.names import SHARDS, tar_name
from dataset.tar import read_members, sample_digest, samples_in
from dataset.verify.sample import CheckedSample, faults_of
from media.content import sha256_of_file
from media.decode import decode, decode_frames
from media.encode import VideoSettings, encode_jpeg, video_writer
from media.resample import crop_squares, resample, resample_one
from media.sound import clip_sound, encode_flac, num_samples
from pipeline.estimators.speech.speech_share import PackagedSpeech, SpeechShare
from schemas.arrays import array_specs
from schemas.controls import Controlled, Controls
from schemas.drawing import draw_skeleton, draw_spheres
from schemas.index import MEASURED, IndexRow, ShardPlan, bucket_name
from schemas.media import Frames
from schemas.origin import ORIGIN_TEXTS, extra_text
from schemas.outcome import DamagedError, Reject, Rejected
from schemas.placement import placement
from schemas.sample import (
    AUDIO,
    FACE,
    FACE_SIZE,
    META,
    SKELETON,
    SPHERE,
    TRACKS,
    VIDEO,
    Sample,
    reference_member,
)
from schemas.smplx import SmplxPose
from schemas.tracks import EstimatorCard
from schemas.version import SCHEMA
from storage.place import Place, Where
from storage.scratch import workplace

Members = dict[str, bytes]
NOTHING: Mapping[str, bytes] = {}


@dataclass(frozen=True, kw_only=True)
class ShardSettings:
    """How samples are stored."""

    video: VideoSettings = field(default_factory=VideoSettings)
    bake_maps: bool = False
    """Store drawn skeletons and spheres too; otherwise whoever reads a sample draws them from its numbers."""
    speech: PackagedSpeech = field(default_factory=PackagedSpeech)
    """What tells where somebody speaks."""
    window: int = placement(8)
    """Source frames in memory at a time."""


class Shard:
    """Puts one tar below `out`. Samples that cannot be encoded are rejects; no tar is left without samples.

    Reasons: those of `media.decode`, "broken_audio", and "deny_listed" for the keys of `denied`, with what it
    says of them.
    """

    version: ClassVar[int] = 4

    def __init__(self, settings: ShardSettings, out: Where, denied: Mapping[str, str] | None = None) -> None:
        self.settings = settings
        self.denied = denied or {}
        self.speech = settings.speech.build()
        self.out = Place.at(out)

    def __call__(self, plan: ShardPlan) -> Iterator[IndexRow | Reject]:
        """A row for each member that was stored, a reject for each other, as each is done with.

        The rows hold once the last has been given and the tar is in its place. They tell that place; what the
        tar is called there tells its contents, so a tar that an index names is never written over by another.

        Raises:
            OSError: the place cannot be written, a disk is full, or other bytes come back.
            EncodeError: the encoder failed.
            RuntimeError: what was written breaks a promise of formats.md: a bug of an earlier step.
        """
        sha256_of_file.cache_clear()  # what is stored is told by the digest: each source is read again for it
        with workplace() as folder:
            tar = folder / "shard.tar"
            rows = []
            for outcome in self.write(plan, tar, folder):
                if isinstance(outcome, IndexRow):
                    rows.append(outcome)
                yield outcome
            if rows:
                read_back(tar, rows)
                self.out.put(tar_name(f"{SHARDS}/{plan.key}", (row.sha256 for row in rows)), tar)

    def write(self, plan: ShardPlan, path: Path, folder: Path) -> Iterator[IndexRow | Reject]:
        """Encode the members one by one into a tar at `path`."""
        with tarfile.open(path, mode="w", format=tarfile.USTAR_FORMAT) as tar:
            for member in plan.members:
                sample = heard(member, self.speech.card)
                try:
                    refuse_denied(sample.key, self.denied)
                    members = self.members(sample, folder)
                except Rejected as no:
                    yield Reject(
                        key=sample.key, step="shard", reason=no.reason, detail=no.detail, uri=sample.uri
                    )
                    continue
                offset = tar.offset
                append(tar, sample.key, members)
                row = row_of(sample, members, f"{SHARDS}/{plan.key}", offset, tar.offset - offset)
                refuse_broken(row, members)
                yield row

    def members(self, sample: Sample, folder: Path) -> Members:
        """The members of a sample, as `encode` gives them."""
        return encode(sample, folder, self.settings, self.speech)


def heard(sample: Sample, card: EstimatorCard) -> Sample:
    """A sample with the card of who tells where somebody speaks, where its source has sound."""
    scene = sample.scene
    if not scene.clip.video.has_audio:
        return sample
    return replace(sample, scene=replace(scene, provenance=scene.provenance | {"speech": card}))


def refuse_denied(key: str, denied: Mapping[str, str]) -> None:
    """Returns where a sample is on no deny list.

    Raises:
        Rejected: "deny_listed".
    """
    if key in denied:
        raise Rejected("deny_listed", denied[key])


def append(tar: tarfile.TarFile, key: str, members: Members) -> None:
    """Add a sample to a tar as `webdataset.TarWriter(user="", group="", mtime=0)` does, byte for byte.

    Ours because importing webdataset imports torch: seconds and some 300 MB in every worker.
    """
    for name, data in members.items():
        entry = tarfile.TarInfo(f"{key}.{name}")
        entry.size, entry.mode, entry.mtime = len(data), 0o444, 0
        tar.addfile(entry, io.BytesIO(data))


def encode(
    sample: Sample,
    folder: Path,
    settings: ShardSettings,
    speech: SpeechShare,
    known: Mapping[str, bytes] = NOTHING,
) -> Members:
    """The members of a sample by name, in order; `folder` holds the videos while they grow.

    Videos that are `known` are as they would be encoded.

    Raises:
        Rejected: the source cannot be decoded here (any more).
    """
    clip, quality = sample.scene.clip, dict(sample.scene.quality)
    members = {TRACKS: pack(tracks(sample.scene))}
    members |= stills(sample)
    if clip.video.has_audio:
        sound = clip_sound(clip)
        span = num_samples(clip.num_frames)
        quality |= {"audio_share": len(sound) / span, "speech_share": speech(sound, span)}
        if len(sound):
            members[AUDIO] = encode_flac(folder / AUDIO, sound, clip.num_frames)
    members |= videos(sample, folder, settings, known)
    members[META] = pack_meta(sample, quality)
    return dict(sorted(members.items()))


def tracks(scene: Controlled) -> dict[str, NDArray[Any]]:
    """The arrays of `tracks.npz`, those of the body model where there is one."""
    arrays = {name: getattr(scene.controls, name) for name in array_specs(Controls)}
    if scene.smplx is not None:
        arrays |= {f"smplx_{name}": getattr(scene.smplx, name) for name in array_specs(SmplxPose)}
    return arrays


def stills(sample: Sample) -> Members:
    """The reference frames, best first."""
    scene, references = sample.scene, sample.references
    frames = decode_frames(scene.clip.video, [reference.source_frame for reference in references])
    return {
        reference_member(index): encode_jpeg(resample_one(frame, reference.crop, scene.width, scene.height))
        for index, (frame, reference) in enumerate(zip(frames, references, strict=True))
    }


def videos(
    sample: Sample, folder: Path, settings: ShardSettings, known: Mapping[str, bytes] = NOTHING
) -> Members:
    """The clip, its faces and, where wanted, its maps: but for what is known, encoded from one decode."""
    scene, controls = sample.scene, sample.scene.controls
    canvas = (scene.width, scene.height)
    sizes = {VIDEO: canvas, FACE: (FACE_SIZE, FACE_SIZE)}
    if settings.bake_maps:
        sizes |= {SKELETON: canvas, SPHERE: canvas}
    pictures: dict[str, Callable[[Frames, slice], Frames]] = {
        VIDEO: lambda frames, _: resample(frames, scene.to_canvas, *canvas),
        FACE: lambda frames, at: crop_squares(
            frames, controls.face_box[at], controls.face_valid[at], FACE_SIZE
        ),
        SKELETON: lambda _, at: draw_skeleton(controls, *canvas, at),
        SPHERE: lambda _, at: draw_spheres(controls, *canvas, at),
    }
    clip, done = scene.clip, 0
    with ExitStack() as stack:
        write = {
            name: stack.enter_context(video_writer(folder / name, *size, settings.video))
            for name, size in sizes.items()
            if name not in known
        }
        windows = decode(clip.video, clip.first_frame, clip.num_frames, window=settings.window)
        for frames in windows if write else ():
            span = slice(done, done := done + len(frames))
            for name, add in write.items():
                add(pictures[name](frames, span))
    return {name: known[name] if name in known else (folder / name).read_bytes() for name in sizes}


def row_of(sample: Sample, members: Members, place: str, offset: int, size: int) -> IndexRow:
    """The index row of a stored sample, but for what its tar will be called at its place."""
    scene, clip = sample.scene, sample.scene.clip
    source, yaw = clip.video.source, scene.controls.body_yaw
    origin = source.origin
    quality = meta_in(members[META])["quality"]
    return IndexRow(
        key=sample.key,
        shard=place,
        offset=offset,
        size=size,
        bucket=bucket_name(scene.width, scene.height),
        width=scene.width,
        height=scene.height,
        frames=clip.num_frames,
        framing=scene.framing,
        uri=source.uri,
        source_sha256=source.sha256,
        **{name: getattr(origin, name) for name in ORIGIN_TEXTS},
        extra=extra_text(origin.extra),
        person=sample.person,
        usable_for=usable_for(sample),
        start_s=clip.start_s,
        stop_s=clip.stop_s,
        yaw_min=float(yaw.min()),
        yaw_max=float(yaw.max()),
        **{name: quality[name] for name in MEASURED},
        audio_share=quality.get("audio_share", 0.0),
        speech_share=quality.get("speech_share", 0.0),
        **camera_of(scene),
        reference_similarity=min(reference.similarity for reference in sample.references),
        num_references=len(sample.references),
        has_audio=AUDIO in members,
        sha256=sample_digest(sample.key, members),
        schema=SCHEMA,
    )


def refuse_broken(row: IndexRow, members: Members) -> None:
    """Raise RuntimeError where a sample breaks a promise of formats.md; its pixels are not decoded."""
    for fault in faults_of(CheckedSample(row, members, decode=False)):
        raise RuntimeError(f"{row.key}, {fault.check}: {fault.detail}")


def read_back(path: Path, rows: list[IndexRow]) -> None:
    """Compare a tar on disk, to the byte, with what its rows were written for.

    Raises:
        OSError: the disk gives other bytes back.
    """
    with path.open("rb") as file:
        try:
            stored = samples_in(file)
        except DamagedError as error:
            raise OSError(f"{path}: {error}") from error
        found = [(sample.key, sample.offset, sample.size) for sample in stored]
        if found != [(row.key, row.offset, row.size) for row in rows]:
            raise OSError(f"{path}: the samples read back are not where they were written")
        for row, sample in zip(rows, stored, strict=True):
            if sample_digest(row.key, read_members(file, sample)) != row.sha256:
                raise OSError(f"{path}: {row.key} was read back with other bytes")
