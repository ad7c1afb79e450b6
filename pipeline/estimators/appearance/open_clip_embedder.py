"""Appearance by OpenCLIP (open_clip_torch), with weights that the user brings: nothing is ever downloaded.

Licences: the code is MIT; weights have their publishers' own (OpenAI's and LAION's are MIT, others differ).
"""

from __future__ import annotations

import logging
import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.core import EstimatorUnavailable
from engine.identity import content_of
from pipeline.estimators.contracts import ImageEmbedder
from schemas.media import Frames
from schemas.placement import placement
from schemas.tracks import Embeddings, EstimatorCard

HOW = (
    "get the file of a model and tag of `open_clip.list_pretrained()` from its publisher and name it in "
    "`weights`, or use ColourLayout, which needs none"
)
SUFFIXES = (".pt", ".pth", ".bin", ".safetensors")
BESIDE = ("input_resolution", "context_length", "vocab_size")
"""Numbers of an architecture that OpenAI's files hold beside its weights."""
PREPARING = ("mean", "std", "interpolation", "resize_mode")
UNREADABLE = (
    RuntimeError,
    OSError,
    EOFError,
    LookupError,
    AttributeError,
    StopIteration,
    pickle.UnpicklingError,
)
"""What open_clip lets through when a file holds no state dict, half of one, another model's, or code."""


@dataclass(frozen=True, kw_only=True)
class OpenClip:
    """Image embeddings of an OpenCLIP model whose weights are a file of yours."""

    model: str = "ViT-L-14"
    """Architecture, as open_clip names it."""
    tag: str = "openai"
    """Which published weights of `model` the file holds, or was trained from. This fixes what the file does
    not tell: the activation (QuickGELU for OpenAI's, GELU for most others) and how pictures are normalised.
    Empty for an architecture of your own, of which open_clip lists no weights."""
    weights: Path | None = None
    """File with the state dict: .pt, .pth, .bin or .safetensors."""
    device: str = placement("cpu")
    """Where it runs: cpu, cuda, cuda:1."""
    batch: int = placement(16)
    """Pictures that are encoded together."""
    sha256: str = placement("")
    """Digest that the file must have, as its publisher tells it; empty: any. Answers depend on the file."""
    licence: str = "the publisher's"
    """Licence of the weights, for provenance."""

    def build(self) -> ImageEmbedder:
        """The estimator, its weights loaded.

        Raises:
            EstimatorUnavailable: open_clip, the weights or the device is missing, or the file cannot be read.
            ValueError: there is no such model, tag, device or kind of file.
        """
        weights = self.weights_file()
        try:
            import open_clip
            import torch
            from safetensors import SafetensorError

            from storage.script_files import is_script, read_script
        except ImportError as lacking:
            raise EstimatorUnavailable(f"OpenCLIP: {lacking}; `make setup` installs it") from lacking
        published = self.published(open_clip)
        if self.device != "cpu" and not self.device.startswith("cuda"):
            raise ValueError(f"OpenCLIP: device {self.device!r} is neither cpu nor cuda")
        if self.device != "cpu" and not torch.cuda.is_available():
            raise EstimatorUnavailable(f"OpenCLIP: no CUDA device for {self.device!r}; use device 'cpu'")
        try:
            own = read_script(weights) if is_script(weights) else None  # open_clip would have to run it
            with untold() if own else nullcontext():
                model = open_clip.create_model(
                    self.model,
                    None if own else str(weights),
                    device=self.device,
                    force_quick_gelu=published.get("quick_gelu", False),
                    weights_only=True,
                )
            if own:
                model.load_state_dict({name: own[name] for name in own if name not in BESIDE})
        except (*UNREADABLE, ValueError, SafetensorError) as wrong:
            raise EstimatorUnavailable(f"OpenCLIP {self.model}: cannot load {weights}: {wrong!r}") from wrong
        preparing = {key: published[key] for key in PREPARING if key in published}
        prepare = open_clip.image_transform(model.visual.image_size, is_train=False, **preparing)

        @torch.inference_mode()
        def encode(pictures: Frames) -> NDArray[np.float32]:
            batch = torch.stack([prepare(Image.fromarray(picture)) for picture in pictures]).to(self.device)
            return np.asarray(model.encode_image(batch, normalize=True).float().cpu().numpy())

        model.eval()
        width = open_clip.get_model_config(self.model)["embed_dim"]
        return ClipEmbedder(self.card(open_clip.__version__, weights), encode, width, self.batch)

    def weights_file(self) -> Path:
        """The file of weights.

        Raises:
            EstimatorUnavailable: it is missing: open_clip itself would go on with random weights.
            ValueError: it is of another kind, or another than its publisher's.
        """
        if self.weights is None:
            raise EstimatorUnavailable(f"OpenCLIP {self.model}: no file of weights is named; {HOW}")
        if not self.weights.is_file():
            raise EstimatorUnavailable(f"OpenCLIP {self.model}: there is no file {self.weights}; {HOW}")
        if self.weights.suffix not in SUFFIXES:
            raise ValueError(f"OpenCLIP: {self.weights} is none of {', '.join(SUFFIXES)}")
        if self.sha256 not in ("", found := content_of(self.weights)):
            raise ValueError(
                f"OpenCLIP {self.model}: {self.weights} is not the file that it should be: its digest is "
                f"{found[:12]} and not {self.sha256[:12]}; `understudy weights --recipe research` says where "
                "it is had"
            )
        return self.weights.resolve()

    def published(self, open_clip: Any) -> dict[str, Any]:
        """What open_clip knows of the tag: activation and preprocessing.

        Raises:
            ValueError: the model or the tag is none of open_clip's, or they contradict each other.
        """
        if self.model not in open_clip.list_models():
            raise ValueError(f"OpenCLIP has no model {self.model!r}; `open_clip.list_models()` has the names")
        config = open_clip.get_model_config(self.model)
        if "hf_model_name" in config["text_cfg"]:
            raise ValueError(f"OpenCLIP {self.model} would download its text tower; choose another model")
        tags = open_clip.list_pretrained_tags_by_model(self.model)
        if self.tag not in (tags or [""]):
            allowed = ", ".join(tags) or "empty, as open_clip lists no weights of this model"
            raise ValueError(f"OpenCLIP {self.model}: tag {self.tag!r} is unknown; it may be {allowed}")
        published: dict[str, Any] = open_clip.get_pretrained_cfg(self.model, self.tag) if self.tag else {}
        if tags and config.get("quick_gelu", False) and not published.get("quick_gelu", False):
            raise ValueError(f"OpenCLIP: {self.model} has QuickGELU, the weights {self.tag!r} need GELU")
        return published

    def card(self, version: str, weights: Path) -> EstimatorCard:
        """Name, version, weights digest and licence."""
        return EstimatorCard(
            name=f"open_clip {self.model} {self.tag}".rstrip(),
            version=version,
            weights_sha256=content_of(weights),
            licence=f"MIT (code), {self.licence} (weights)",
        )


@contextmanager
def untold() -> Iterator[None]:
    """Keeps back open_clip's warning that weights are random, where they are put in afterwards."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)


class ClipEmbedder:
    """`ImageEmbedder` of an OpenCLIP model."""

    def __init__(
        self, card: EstimatorCard, encode: Callable[[Frames], NDArray[np.float32]], width: int, batch: int
    ) -> None:
        self.card = card
        self.encode = encode
        self.width = width
        self.batch = batch

    def __call__(self, images: Frames, /) -> Embeddings:
        """Unit vectors (n, d), d being the model's."""
        vectors = np.zeros((len(images), self.width), np.float32)
        for first in range(0, len(images), self.batch):
            vectors[first : first + self.batch] = self.encode(images[first : first + self.batch])
        return Embeddings(vectors=vectors)
