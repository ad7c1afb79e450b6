"""Wan-Animate as diffusers has it: a baseline, given what its own preprocessing makes of a driving film."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from model.eval.stream import Pictures

PROMPT = "视频中的人在做动作"
"""What its authors say where nothing is said: the person in the video makes movements."""
MULTIPLE = 16
"""Divides both sides of a picture."""


@dataclass(frozen=True, kw_only=True)
class WanAnimateSettings:
    """How a film is made."""

    steps: int = 20
    guidance: float = 1.0
    segment: int = 77
    """Frames that are made at once: 4k + 1."""
    prompt: str = PROMPT

    def __post_init__(self) -> None:
        if self.segment % 4 != 1 or self.steps < 1:
            raise ValueError(f"segments of {self.segment} frames in {self.steps} steps: 4k + 1, at least one")


class WanAnimate:
    """The pipeline, loaded from a folder as diffusers saves one: tensors alone are read, and no code."""

    def __init__(self, folder: Path, device: str) -> None:
        """Load it.

        Raises:
            ValueError: there is no such pipeline, or packages of the extra `baselines` are missing.
        """
        try:
            from diffusers import WanAnimatePipeline

            pipeline: Any = WanAnimatePipeline.from_pretrained(
                folder,
                local_files_only=True,
                use_safetensors=True,
                dtype=torch.float32 if device == "cpu" else torch.bfloat16,
            )
        except (ImportError, OSError, ValueError, TypeError, KeyError) as error:
            raise ValueError(f"{folder}: no WanAnimatePipeline that can be loaded: {error}") from error
        pipeline.set_progress_bar_config(disable=True)
        self.pipeline, self.device = pipeline.to(device), device

    def film(
        self, reference: NDArray[np.uint8], pose: Pictures, face: Pictures, how: WanAnimateSettings, seed: int
    ) -> Pictures:
        """Frames (t, h, w, 3), as many as `pose` has and of its size, rounded down to `MULTIPLE`.

        `reference` (h, w, 3) shows the person, `pose` (t, h, w, 3) the drawn poses, `face` (t, s, s, 3) the
        driver's face.
        """
        height, width = (side // MULTIPLE * MULTIPLE for side in pose.shape[1:3])
        made = self.pipeline(
            image=Image.fromarray(reference),
            pose_video=pictures(pose),
            face_video=pictures(face),
            prompt=how.prompt,
            height=height,
            width=width,
            segment_frame_length=how.segment,
            num_inference_steps=how.steps,
            guidance_scale=how.guidance,
            generator=torch.Generator("cpu").manual_seed(seed),
            output_type="np",
        ).frames[0]
        frames: Pictures = np.rint(np.clip(made[: len(pose)], 0, 1) * 255).astype(np.uint8)
        return frames


def pictures(frames: Pictures) -> Sequence[Image.Image]:
    """Frames as the pipeline takes them."""
    return [Image.fromarray(frame) for frame in frames]
