"""Tracks as a calibrated camera sees them, where the focal length was a guess."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pipeline.geometry import principal_point
from schemas.joints import J
from schemas.tracks import BodyTrack, Tracked

NEAREST_M = 0.05
"""Nothing is nearer to a camera: a much shorter focal length would put what is held out behind it."""


def calibrated(tracked: Tracked) -> Tracked:
    """The tracks of a clip, with the body in the metres of its camera where the manifest tells one."""
    video = tracked.clip.video
    lens = video.source.origin.lens
    if lens is None:
        return tracked
    return replace(tracked, body=through(tracked.body, lens.focal_px, (video.width, video.height)))


def through(body: BodyTrack, focal_px: float, size: tuple[int, int]) -> BodyTrack:
    """The same joints in a picture of this size, seen through another focal length.

    A person of the same size in the picture stands as much further away as the focal length is longer; how
    far each joint is in front of the pelvis stays. All joints stay on their pixels. The optical axis goes
    through the picture's middle, as everywhere in tracks.
    """
    depth = body.joints3d[..., 2].astype(np.float64)
    pelvis = depth[:, [J["pelvis"]]]
    depth = np.maximum(depth + pelvis * (focal_px / body.focal_px - 1), NEAREST_M)
    across = (body.joints2d - principal_point(*size)) / focal_px * depth[..., None]
    joints3d = np.concatenate([across, depth[..., None]], axis=2).astype(np.float32)
    return replace(body, joints3d=joints3d, focal_px=focal_px)
