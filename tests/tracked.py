"""Records of the middle of the house, made from synthetic scenes with exact answers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from schemas.media import Clip, PictureStats, Probed, Source, clip_key
from schemas.origin import Origin
from schemas.tracks import Appearance, FaceBoxTrack, PictureTrack, Tracked
from tests.synth import Scene, truth

SOURCE_KEY = "0123456789ab"


def clip_of(scene: Scene, first_frame: int = 0, source_key: str = SOURCE_KEY) -> Clip:
    """The clip that a scene would be cut to, at `first_frame` of its source."""
    source = Source(
        key=source_key, uri=f"/videos/{source_key}.mp4", sha256=64 * "0", num_bytes=1, origin=Origin()
    )
    video = Probed(
        key=source_key,
        source=source,
        container="mp4",
        stream=0,
        codec="h264",
        pixel_format="yuv420p",
        width=scene.width,
        height=scene.height,
        rotation=0,
        num_frames=first_frame + scene.num_frames,
        fps=24.0,
        uneven=False,
        start_s=0.0,
        duration_s=(first_frame + scene.num_frames) / 24,
        has_audio=False,
    )
    return Clip(
        key=clip_key(source_key, first_frame),
        video=video,
        first_frame=first_frame,
        num_frames=scene.num_frames,
        look=PictureStats(brightness=128, contrast=50, motion=2, frozen=0, sharpness=100, rate=24, mixed=0),
    )


def tracked_of(
    scene: Scene,
    first_frame: int = 0,
    source_key: str = SOURCE_KEY,
    look: NDArray[np.float32] | None = None,
    every: int = 6,
) -> Tracked:
    """What perfect estimators say of a scene; `look` is how the person looks, a unit vector."""
    result = truth(scene)
    frames = np.flatnonzero(result.person.valid & (np.arange(scene.num_frames) % every == 0)).astype(np.int32)
    vector = np.array([1, 0, 0, 0], np.float32) if look is None else look
    clip = clip_of(scene, first_frame, source_key)
    return Tracked(
        key=clip.key,
        clip=clip,
        pictures=PictureTrack(fresh=np.ones(scene.num_frames, np.bool_)),
        person=result.person,
        body=result.body,
        hands=result.hands,
        face=FaceBoxTrack(
            box=result.face.box,
            score=result.face.score,
            flex=np.zeros(len(result.face.valid), np.float32),
            eyes_open=result.face.eyes_open,
            valid=result.face.valid,
        ),
        head=result.head,
        appearance=Appearance(
            frames=frames,
            vectors=np.tile(vector, (len(frames), 1)),
            sharpness=np.full(len(frames), 100, np.float32),
            face_sharpness=np.where(result.face.valid[frames], 100, 0).astype(np.float32),
            hand_sharpness=np.where((result.hands.score[frames] > 0).any(axis=1), 100, 0).astype(np.float32),
            eyes_open=result.face.eyes_open[frames],
        ),
        provenance={},
    )


def without(tracked: Tracked, part: str, frames: NDArray[np.int64] | slice) -> Tracked:
    """The tracks with one part not measured in these frames: its numbers become NaN, its flags false."""
    track = getattr(tracked, part)
    holed = {}
    for name in type(track).__annotations__:
        value = getattr(track, name)
        if not isinstance(value, np.ndarray):
            continue
        value = value.copy()
        value[frames] = False if value.dtype == bool else (0 if name == "score" else np.nan)
        holed[name] = value
    return replace(tracked, **{part: replace(track, **holed)})
