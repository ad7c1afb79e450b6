"""Films by somebody else's network, rendered from here: Wan-Animate, on what its preprocessing has made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np

from jobs.evaluation.films import Pictures, facts_of, pictures_of
from jobs.evaluation.manifest import BenchPair
from jobs.evaluation.rendering import Renderer
from media.stills import read_still
from model.eval.wan_animate import WanAnimate, WanAnimateSettings
from schemas.media import FPS
from schemas.outcome import Rejected
from schemas.placement import placement

POSE, FACE = "src_pose.mp4", "src_face.mp4"
"""What the preprocessing of Wan-Animate calls them."""
MOST_FRAMES = 1024
"""Of a film, which is in memory whole."""
REFERENCE_PIXELS = 4096 * 2304
RATE_SHARE = 0.01


@dataclass(frozen=True, kw_only=True)
class WanAnimateRendering:
    """Films by Wan-Animate."""

    pipeline: Path
    """Folder of a WanAnimatePipeline, as diffusers saves it; its content counts, not its place."""
    prepared: Path
    """Folder with `<pair_id>/src_pose.mp4` and `<pair_id>/src_face.mp4`; likewise."""
    how: WanAnimateSettings
    seed: int
    device: str = placement("cpu")

    def build(self) -> Renderer:
        """The pipeline, loaded once.

        Raises:
            ValueError: it cannot be loaded; says why.
        """
        return partial(animated, WanAnimate(self.pipeline, self.device), self.prepared, self.how, self.seed)


def animated(
    network: WanAnimate,
    prepared: Path,
    how: WanAnimateSettings,
    seed: int,
    reference: Path,
    _: Path,
    pair: BenchPair,
) -> Iterator[Pictures]:
    """The frames of one film.

    Raises:
        Rejected: what was prepared of the driving film is missing, cannot be read, or is not of its frames.
    """
    pose, face = (frames_of(prepared / pair.pair_id / name) for name in (POSE, FACE))
    if len(pose) != len(face):
        raise Rejected("not_comparable", f"{len(pose)} frames of {POSE}, {len(face)} of {FACE}")
    yield network.film(read_still(reference, max_pixels=REFERENCE_PIXELS), pose, face, how, seed)


def frames_of(path: Path) -> Pictures:
    """All frames of a film of 24 a second.

    Raises:
        Rejected: it is missing, has another rate, is too long, or cannot be read.
    """
    video = facts_of(path)
    if abs(video.fps / FPS - 1) > RATE_SHARE:
        raise Rejected("not_comparable", f"{path.name}: {video.fps:.3g} frames a second, not {FPS}")
    if video.num_frames > MOST_FRAMES:
        raise Rejected("too_long", f"{path.name}: {video.num_frames} frames, at most {MOST_FRAMES}")
    return np.stack(list(islice(pictures_of(video), MOST_FRAMES)))
