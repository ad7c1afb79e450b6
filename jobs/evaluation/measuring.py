"""What a benchmark is measured with: the user's files of weights, held to the digests of its manifest."""

from __future__ import annotations

from pathlib import PurePosixPath

from jobs.evaluation.instruments import Measuring
from jobs.evaluation.manifest import BenchManifest
from model.eval.networks import WeightFiles, digests
from model.eval.packaged import EFFNET
from pipeline.backends import Backends
from pipeline.estimators.identity.packaged import FACE_NETWORK
from pipeline.estimators.mediapipe.face import MESH_NETWORK
from pipeline.estimators.mediapipe.hand_net import HAND_NETWORK
from pipeline.estimators.mediapipe.people import NETWORKS

PACKAGED = {
    PurePosixPath(file.member).name: file.sha256
    for file in (EFFNET, FACE_NETWORK, *NETWORKS, MESH_NETWORK, HAND_NETWORK)
}
"""SHA-256 of the networks that packages carry and metrics look through, by their files' names."""


def measuring_of(
    files: WeightFiles, manifest: BenchManifest, *, people: bool, backends: Backends, device: str
) -> Measuring:
    """How films of a benchmark are measured.

    Raises:
        ValueError: a file of weights is another than the manifest's, is none of its, or cannot be read, or a
            network that a package carries is another than the manifest's.
    """
    for name, sha256 in manifest.packaged.items():
        if PACKAGED.get(name) != sha256:
            raise ValueError(
                f"the manifest compares through {name} of sha256 {sha256}, which this version of understudy "
                "does not have: results would be others"
            )
    found = digests(files)
    for name, sha256 in found.items():
        wanted = manifest.extractors.get(name)
        if wanted is None:
            raise ValueError(f"--weights.{flag(name)}: the manifest names no such file: it compares without")
        if wanted.sha256 != sha256:
            raise ValueError(
                f"--weights.{flag(name)} {getattr(files, name)}: not {wanted.file} of the manifest, "
                f"whose sha256 is {wanted.sha256}"
            )
    for name in sorted(manifest.extractors.keys() - found.keys()):
        raise ValueError(
            f"the manifest compares through {manifest.extractors[name].file}: --weights.{flag(name)} FILE"
        )
    return Measuring(
        weights=files,
        people=people,
        backends=backends,
        resize=manifest.compare.resize,
        segments=manifest.segments,
        device=device,
    )


def flag(name: str) -> str:
    """A file's name on the command line."""
    return name.replace("_", "-")
