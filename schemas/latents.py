"""Stored latents: one row a window of a sample, and one for its references, in `latents.parquet`.

    OUT/shards/<bucket>/<n>.tar   members `<key>.latents.npy`, float16
    OUT/latents.parquet           written last; what it does not name does not exist

Latents of a window are C T H W, of references R C H W. Each row names all that its latents depend on: the
sample's bytes, the window, the autoencoder, and the rules between them (`schemas.version.LATENTS`).
"""

from __future__ import annotations

from schemas.base import record

MEMBER = "latents.npy"
INDEX = "latents.parquet"


@record
class LatentRow:
    """Where latents lie, and what they were made from."""

    key: str  # "<key of the sample>-<first frame>-<frames>", or "<key of the sample>-references"; "-mirrored"
    sample_sha256: str  # of the sample's members, as in its index row
    start: int  # first frame of the window; 0 for references
    frames: int  # of the window; 0 for references
    vae: str  # sha256 of the autoencoder's weights and settings
    rules: int  # below zero: as seen in a mirror
    channels: int
    times: int  # latent frames; references, for references
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


def latents_key(sample: str, start: int, frames: int, *, mirrored: bool = False) -> str:
    """Key of the latents of a window; of a sample's references where there are no frames."""
    key = f"{sample}-{start:06d}-{frames:03d}" if frames else f"{sample}-references"
    return f"{key}-mirrored" if mirrored else key
