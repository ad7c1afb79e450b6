"""Captions as networks read them: the encoder of UMT5 or T5, from a local folder.

L tokens, E numbers of a token.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from model.nets.pretrained.by_transformers import loaded
from model.nets.pretrained.folders import network_digest
from schemas.latents import CAPTION_TOKENS

KINDS = {"umt5": "UMT5EncoderModel", "t5": "T5EncoderModel"}
"""Classes of transformers by what a folder's config.json calls its network."""
TOKENS = "tokenizer.json"
PARTS = ("text_encoder", "tokenizer")
"""Folders of a pipeline in diffusers' layout; other folders hold both."""


class CaptionEncoder:
    """An encoder of texts, where it is to work.

    Raises (at birth):
        ValueError: there is none in the folder, its files lack weights, or transformers is missing.
    """

    def __init__(self, folder: Path, device: torch.device, dtype: torch.dtype) -> None:
        weights, words = parts_of(folder)
        self.device = device
        self.net = loaded(weights, KINDS, dtype).to(device)
        self.tokens = tokens_of(words)

    @torch.no_grad()
    def __call__(self, text: str) -> Tensor:
        """The embedding (L, E), float32, of a text, cut off where captions end; blanks count once."""
        numbers = self.tokens.encode(" ".join(text.split())).ids
        given = torch.tensor([numbers], device=self.device)
        found = self.net(input_ids=given, attention_mask=torch.ones_like(given)).last_hidden_state
        return found[0].float()


def caption_digest(folder: Path, dtype: torch.dtype) -> str:
    """sha256 of all that embeddings depend on besides the text.

    Raises:
        OSError: a file is missing, or no regular file.
    """
    weights, words = parts_of(folder)
    both = network_digest(weights, dtype) + network_digest(words / TOKENS, dtype)
    return hashlib.sha256(both.encode()).hexdigest()


def parts_of(folder: Path) -> tuple[Path, Path]:
    """The folders of the weights and of the words."""
    if all((folder / part).is_dir() for part in PARTS):
        return folder / PARTS[0], folder / PARTS[1]
    return folder, folder


def tokens_of(folder: Path) -> Any:
    """What cuts texts into tokens, an end behind them.

    Raises:
        ValueError: there is none in the folder, or tokenizers is missing.
    """
    try:
        from tokenizers import Tokenizer

        found: Any = Tokenizer.from_file(str(folder / TOKENS))
    except Exception as error:
        raise ValueError(f"{folder / TOKENS}: no file of tokens: {error}") from error
    found.no_padding()
    found.enable_truncation(CAPTION_TOKENS)
    return found
