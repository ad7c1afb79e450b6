"""Stored latents: one row a window of a sample, and one for its references, in `latents.parquet`.

    OUT/shards/<bucket>/<n>.tar   members `<key>.latents.npy`, float16
    OUT/latents.parquet           written last; what it does not name does not exist

Latents of a window are C T H W, of references R C H W. Each row names all that its latents depend on: the
sample's bytes, the window, the autoencoder, and the rules between them (`schemas.version.LATENTS`).

The embedding of a caption lies there too, L E 1 1 for L tokens of E numbers: once in each tar of which a
sample has that caption, with the digest of the text in place of a sample's and that of the text encoder in
place of an autoencoder's.
"""

from __future__ import annotations

import hashlib

from schemas.base import record

MEMBER = "latents.npy"
INDEX = "latents.parquet"
CAPTION = "caption"
"""The column of a manifest that says what a video shows."""
CAPTION_TOKENS = 512
"""Most tokens of a caption, as Wan 2.1 reads them; the rest of a longer one is cut off."""


@record
class LatentRow:
    """Where latents lie, and what they were made from."""

    key: str  # "<key of the sample>-<first frame>-<frames>"; "-references", "-caption", "-mirrored" behind it
    sample_sha256: str  # of the sample's members, as in its index row; of a caption's text
    start: int  # first frame of the window; 0 for references
    frames: int  # of the window; 0 for references
    vae: str  # sha256 of the autoencoder's weights and settings; of the text encoder's
    rules: int  # below zero: as seen in a mirror
    channels: int  # numbers of a token, for captions
    times: int  # latent frames; references, for references; tokens, for captions
    height: int
    width: int
    shard: str  # path of the tar
    offset: int  # of the tar header, bytes
    size: int  # bytes in the tar, header and padding included
    sha256: str  # of the member: name and bytes
    schema: int


@record
class CodecSample:
    """A sample that the codec beside the latents was fitted to."""

    key: str  # as that of a window
    sample_sha256: str


def text_digest(text: str) -> str:
    """What the embedding of a text is found by."""
    return hashlib.sha256(text.encode()).hexdigest()


def latents_key(
    sample: str, start: int, frames: int, *, mirrored: bool = False, caption: bool = False
) -> str:
    """Key of the latents of a window; of a sample's references, or its caption, where there are no frames."""
    if caption:
        return f"{sample}-{CAPTION}"
    key = f"{sample}-{start:06d}-{frames:03d}" if frames else f"{sample}-references"
    return f"{key}-mirrored" if mirrored else key
