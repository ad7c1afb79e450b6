"""Files of the paper's stack, missing, another's or hostile: a sentence before any work, and nothing run."""

from __future__ import annotations

import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.core import EstimatorUnavailable
from jobs.cli import main
from jobs.recipes.curation import RESEARCH, WeightFile, research
from tests.research import write_weights

ANOTHER = {
    "dw-ll_ucoco_384.pth": "hamer.ckpt",
    "epoch=35-step=1000000.ckpt": "hamer.ckpt",
    "SMPL_NEUTRAL.pkl": "MANO_RIGHT.pkl",
    "SMPLX_NEUTRAL.npz": "SMPL_NEUTRAL.pkl",
    "hamer.ckpt": "epoch=35-step=1000000.ckpt",
    "MANO_RIGHT.pkl": "SMPL_NEUTRAL.pkl",
    "faceverse_resnet50.pth": "hamer.ckpt",
    "faceverse_v4_2.npy": "MANO_RIGHT.pkl",
    "ViT-L-14.pt": "hamer.ckpt",
}
"""By file, which other one lies there under its name."""


class Trap:
    """Makes a folder when a reader calls what it names."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.path),)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_weights(tmp_path_factory.mktemp("research") / "weights")
    (folder / "ViT-L-14.pt").write_bytes(b"stands for CLIP where it is not asked")
    return folder


@pytest.fixture
def folder(weights: Path, tmp_path: Path) -> Path:
    """The files, each a link of its own."""
    folder = tmp_path / "weights"
    folder.mkdir()
    for file in weights.iterdir():
        os.link(file, folder / file.name)
    return folder


def spoilt(path: Path, how: str, sprung: Path) -> None:
    """A file as it should not be."""
    path.unlink()
    if how == "another":
        os.link(path.with_name(ANOTHER[path.name]), path)
    elif how == "hostile":
        path.write_bytes(pickle.dumps({"state_dict": Trap(sprung), "v_template": Trap(sprung)}, 2))


def sentence_of(build: Callable[[], object]) -> str:
    """How it refuses to be built."""
    with pytest.raises((EstimatorUnavailable, ValueError)) as refusal:
        build()
    return str(refusal.value)


@pytest.mark.parametrize("how", ["missing", "another", "hostile"])
@pytest.mark.parametrize("file", RESEARCH, ids=lambda file: file.name)
def test_a_role_says_what_is_wrong_with_its_file(
    file: WeightFile, how: str, folder: Path, tmp_path: Path
) -> None:
    spoilt(folder / file.name, how, tmp_path / "sprung")
    sentence = sentence_of(getattr(research(folder), file.role).build)
    assert file.name in sentence
    assert "\n" not in sentence
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("role", ["person", "body", "hands", "head", "appearance"])
def test_nothing_is_done_before_and_doctor_says_the_same(
    role: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = next(file.name for file in RESEARCH if file.role == role)
    spoilt(folder / name, "hostile", tmp_path / "sprung")
    sentence = sentence_of(getattr(research(folder), role).build)
    (tmp_path / "videos").mkdir()
    stack = ("--recipe", "research", "--weights", str(folder))
    others = ("--embedded", "appearance") if role != "appearance" else ()
    out = tmp_path / "set"
    assert main(["curate", "--videos", str(tmp_path / "videos"), "--out", str(out), *stack, *others]) == 2
    output = capsys.readouterr().err
    assert sentence in output
    assert output.count("\n") == 1
    assert not out.exists()
    assert not (tmp_path / "sprung").exists()
    assert main(["doctor", "--json", *stack, *others]) == 1
    assert f"{role}: {sentence}" in json.loads(capsys.readouterr().out)["missing"]
