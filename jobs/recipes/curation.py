"""Stacks of estimators by name: the embedded one, and that of the paper on files which the user brings."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

from engine.core import EstimatorUnavailable
from engine.identity import content_of
from jobs.console.flags import value_of, values_of
from pipeline.backends import Backends
from pipeline.estimators.appearance.open_clip_embedder import OpenClip
from pipeline.estimators.faceverse.head import FaceVerseHead
from pipeline.estimators.hmr.body import HmrBody
from pipeline.estimators.hmr.hands import HmrHands
from pipeline.estimators.mixtures import files_of, packaged_of
from pipeline.estimators.rtmpose.person import RtmPerson
from pipeline.flow import Curation
from schemas.tracks import ROLES, Role
from storage.packaged_files import fault, weights_folder

Recipe = Literal["embedded", "research"]
NON_COMMERCIAL = "research alone"


@dataclass(frozen=True, kw_only=True)
class WeightFile:
    """A file that a publisher gives to whoever agrees to its terms."""

    role: Role
    name: str
    """As it is published; where it lies in the folder of weights."""
    what: str
    where: str
    licence: str
    sha256: str = ""
    """Empty where its publisher tells none."""


RESEARCH: tuple[WeightFile, ...] = (
    WeightFile(
        role="person",
        name="dw-ll_ucoco_384.pth",
        what="DWPose-l: RTMPose-l of 133 points",
        where="github.com/IDEA-Research/DWPose",
        licence="Apache-2.0",
    ),
    WeightFile(
        role="body",
        name="epoch=35-step=1000000.ckpt",
        what="HMR2.0, of hmr2_data.tar.gz",
        where="github.com/shubham-goel/4D-Humans",
        licence=NON_COMMERCIAL,
    ),
    WeightFile(
        role="body",
        name="SMPL_NEUTRAL.pkl",
        what="SMPL's neutral model",
        where="smpl.is.tue.mpg.de",
        licence=NON_COMMERCIAL,
    ),
    WeightFile(
        role="body",
        name="SMPLX_NEUTRAL.npz",
        what="SMPL-X's neutral model",
        where="smpl-x.is.tue.mpg.de",
        licence=NON_COMMERCIAL,
    ),
    WeightFile(
        role="hands",
        name="hamer.ckpt",
        what="HaMeR, of hamer_demo_data.tar.gz",
        where="github.com/geopavlakos/hamer",
        licence=NON_COMMERCIAL,
    ),
    WeightFile(
        role="hands",
        name="MANO_RIGHT.pkl",
        what="MANO's right hand",
        where="mano.is.tue.mpg.de",
        licence=NON_COMMERCIAL,
    ),
    WeightFile(
        role="head",
        name="faceverse_resnet50.pth",
        what="FaceVerse v4's regressor",
        where="github.com/LizhenWangT/FaceVerse_v4",
        licence=NON_COMMERCIAL,
    ),
    WeightFile(
        role="head",
        name="faceverse_v4_2.npy",
        what="FaceVerse v4's model",
        where="github.com/LizhenWangT/FaceVerse_v4",
        licence=NON_COMMERCIAL,
    ),
    WeightFile(
        role="appearance",
        name="ViT-L-14.pt",
        what="OpenAI's CLIP",
        where="github.com/openai/CLIP",
        licence="MIT",
        sha256="b8cca3fd41ae0c99ba7e8951adf17d267cdb84cd88be6f7c2e0eca1737a03836",
    ),
)
"""All that the paper's stack needs."""


def research(folder: Path, embedded: Collection[str] = (), device: str = "cpu") -> Backends:
    """Every role by the paper's network, its files in a folder; roles of `embedded` by the embedded one.

    Faces are found by MediaPipe, on whose landmarks FaceVerse v4 itself stands.

    Raises:
        ValueError: these do not fit together.
    """
    file: dict[str, Path] = {one.name: folder / one.name for one in RESEARCH}
    digest = {one.name: one.sha256 for one in RESEARCH}
    paper: dict[str, Any] = {
        "person": RtmPerson(weights=file["dw-ll_ucoco_384.pth"], device=device),
        "body": HmrBody(
            weights=file["epoch=35-step=1000000.ckpt"],
            smpl=file["SMPL_NEUTRAL.pkl"],
            smplx=file["SMPLX_NEUTRAL.npz"],
            device=device,
        ),
        "hands": HmrHands(weights=file["hamer.ckpt"], mano=file["MANO_RIGHT.pkl"], device=device),
        "head": FaceVerseHead(
            weights=file["faceverse_resnet50.pth"], model=file["faceverse_v4_2.npy"], device=device
        ),
        "appearance": OpenClip(
            weights=file["ViT-L-14.pt"], sha256=digest["ViT-L-14.pt"], device=device, licence="MIT"
        ),
    }
    return Backends(**{role: backend for role, backend in paper.items() if role not in embedded})


def chosen(args: Sequence[str]) -> Backends | None:
    """The stack that a command line names by --recipe, --weights, --embedded and --device; None without one.

    Raises:
        ValueError: they name none, or one that does not fit together.
    """
    recipe, folder = value_of("--recipe", args), value_of("--weights", args)
    embedded = values_of("--embedded", args)
    if recipe != "research":
        if folder or embedded:
            raise ValueError("--weights and --embedded are said of --recipe research")
        return Backends() if recipe == "embedded" else None
    if not folder:
        raise ValueError(
            "--recipe research needs --weights, the folder of its files: see `understudy weights`"
        )
    wrong = [role for role in embedded if role not in ROLES]
    if wrong:
        raise ValueError(f"--embedded {wrong[0]}: no role; they are {', '.join(ROLES)}")
    return research(Path(folder), embedded, value_of("--device", args) or "cpu")


def state_of(file: WeightFile, folder: Path) -> tuple[str, str]:
    """A file's digest, or the one that it should have where it is missing, and what is with it."""
    path = folder / file.name
    if not path.is_file():
        return file.sha256, "lacking"
    digest = content_of(path)
    return digest, "there" if file.sha256 in ("", digest) else "another"


def missing(folder: Path, embedded: Collection[str] = ()) -> list[str]:
    """Files of the paper's stack that a folder lacks or has otherwise, but for roles that are embedded."""
    wanted = [file for file in RESEARCH if file.role not in embedded]
    return [file.name for file in wanted if state_of(file, folder)[1] != "there"]


def refuse_unready(run: Curation) -> None:
    """Returns where every network has its files; those of the user and of extras are loaded and let go.

    Raises:
        EstimatorUnavailable: a file or a package is missing.
        ValueError: a file is of another network, or is none.
    """
    for file in dict.fromkeys(packaged_of(run)):
        if wrong := fault(file, weights_folder()):
            raise EstimatorUnavailable(wrong)
    for field in fields(run.backends):
        backend = getattr(run.backends, field.name)
        if any(True for _ in files_of(backend)):
            backend.build()
    run.content.build()
