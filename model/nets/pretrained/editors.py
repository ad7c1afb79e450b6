"""Networks that edit a picture as a sentence says, through diffusers: FLUX.2-klein and Qwen-Image-Edit."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from storage.json_files import json_at
from storage.place import Place

NAMES = "model_index.json"
EDITORS: Mapping[str, Mapping[str, Any]] = {
    "Flux2KleinPipeline": {"guidance_scale": 4.0},
    "Flux2KleinKVPipeline": {},
    "QwenImageEditPlusPipeline": {"true_cfg_scale": 4.0, "negative_prompt": " "},
    "QwenImageEditPipeline": {"true_cfg_scale": 4.0, "negative_prompt": " "},
}
"""Pipelines that are used, by what their folders call them, and how each is asked."""

MULTIPLE = 16
"""Divides both sides of a picture that these networks make."""
SMALL = 2**20
"""Bytes of files that are read for the digest; of larger ones their size counts."""


class PictureEditor:
    """A pipeline out of a local folder as diffusers saves one: tensors alone are read, and no code."""

    def __init__(self, pipeline: Any, how: Mapping[str, Any], digest: str) -> None:
        self.pipeline, self.how, self.digest = pipeline, how, digest

    @classmethod
    def of_folder(cls, folder: Path, device: torch.device, steps: int | None = None) -> PictureEditor:
        """The editor of a folder, in so many steps; None: as many as its pipeline takes by itself.

        Raises:
            ValueError: there is none, or it cannot be loaded.
        """
        try:
            name = json_at(Place.at(folder), NAMES)["_class_name"]
        except (OSError, ValueError, TypeError, KeyError) as broken:
            raise ValueError(f"{folder}: no editor of pictures there ({broken})") from broken
        if name not in EDITORS:
            raise ValueError(f"{folder}: {str(name)[:99]!r} edits no pictures here; {', '.join(EDITORS)} do")
        try:
            import diffusers

            pipeline: Any = getattr(diffusers, name).from_pretrained(
                folder,
                local_files_only=True,
                use_safetensors=True,
                dtype=torch.float32 if device.type == "cpu" else torch.bfloat16,
            )
        except (ImportError, OSError, ValueError, TypeError, KeyError, AttributeError) as broken:
            raise ValueError(f"{folder}: no {name} that can be loaded ({broken})") from broken
        pipeline.set_progress_bar_config(disable=True)
        how = {**EDITORS[name], **({} if steps is None else {"num_inference_steps": steps})}
        return cls(pipeline.to(device), how, editor_digest(folder, how))

    def __call__(self, picture: NDArray[np.uint8], sentence: str, seed: int) -> NDArray[np.uint8]:
        """The picture (h, w, 3), RGB, as the sentence says; the same for the same seed."""
        height, width = picture.shape[:2]
        sides = {"height": rounded(height), "width": rounded(width)}
        generator = torch.Generator("cpu").manual_seed(seed)
        given = Image.fromarray(picture)
        found = self.pipeline(image=given, prompt=sentence, generator=generator, **sides, **self.how).images[
            0
        ]
        shown = found.convert("RGB").resize((width, height), Image.Resampling.LANCZOS)
        edited: NDArray[np.uint8] = np.array(shown)
        return edited


def rounded(side: int) -> int:
    """The nearest side that is made, at least the smallest."""
    return max(1, round(side / MULTIPLE)) * MULTIPLE


def editor_digest(folder: Path, how: Mapping[str, Any]) -> str:
    """What edits depend on besides picture, sentence and seed: how it is asked, and its files.

    Of large files names and sizes count: an editor has tens of gigabytes, and what is kept is a convenience.
    """
    whole = hashlib.sha256(repr(sorted(how.items())).encode())
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        size = file.stat().st_size
        whole.update(f"\0{file.relative_to(folder)}\0{size}\0".encode())
        whole.update(file.read_bytes() if size <= SMALL else b"")
    return whole.hexdigest()
