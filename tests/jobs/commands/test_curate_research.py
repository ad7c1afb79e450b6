"""A rendered person to shards by the paper's stack, by small networks in files; what lacks is told first."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

import numpy as np
import pytest

from dataset.arrays import unpack
from dataset.index import read_index
from jobs.cli import main
from jobs.recipes.curation import RESEARCH, research
from jobs.synthetic.film import cast
from jobs.synthetic.kept import kept_folder
from jobs.synthetic.take import Take, random_actor
from jobs.synthetic.written import write_film
from tests.research import write_weights
from tests.resume.job import contents

pytestmark = pytest.mark.timeout(600)
SMALL = ("--settings.control.canvas-area", "24576", "--settings.screen.min-source-share", "0")


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_weights(tmp_path_factory.mktemp("research") / "weights")


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rendered")
    take = Take(
        actors=(random_actor(3, "stand", "portrait"),),
        num_frames=26,
        seed=3,
        width=320,
        height=400,
        sharpness=1,
    )
    write_film(cast(take, kept_folder()), folder / "one.mp4")
    return folder


def command(videos: Path, out: Path, weights: Path, *more: str) -> list[str]:
    stack = ("--recipe", "research", "--weights", str(weights), "--embedded", "appearance")
    told = ("--licence", "CC0-1.0")
    return ["curate", "--videos", str(videos), "--out", str(out), *told, *stack, *more, *SMALL]


@pytest.fixture(scope="module")
def made(videos: Path, weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("sets") / "inline"
    assert main(command(videos, out, weights)) == 0
    return out


def test_a_sample_holds_the_body_model_and_is_drawn_from_it(made: Path) -> None:
    assert main(["check", str(made)]) == 0
    (row,) = read_index(made).rows()
    assert (row.licence, row.usable_for) == ("CC0-1.0", "research")  # as the networks' licences allow
    with tarfile.open(made / row.shard) as tar:
        member = tar.extractfile(f"{row.key}.tracks.npz")
        assert member is not None
        arrays = unpack(member.read())
    assert arrays["smplx_body_pose"].shape == (26, 21, 3, 3)
    assert arrays["smplx_left_hand_pose"].shape == (26, 15, 3, 3)
    bones = np.linalg.norm(np.diff(arrays["joints3d"][:, [2, 4, 6]].astype(float), axis=1), axis=-1)
    np.testing.assert_allclose(bones, bones[:1].repeat(26, axis=0), rtol=1e-4)  # of one length throughout


@pytest.mark.long
def test_a_cluster_makes_the_same_bytes(made: Path, videos: Path, weights: Path, tmp_path: Path) -> None:
    assert main(command(videos, tmp_path / "set", weights, "--runner", "ray")) == 0
    assert contents(tmp_path / "set") == contents(made)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda folder: (folder / "hamer.ckpt").unlink(), "HaMeR: there is no file"),
        (lambda folder: (folder / "hamer.ckpt").write_bytes(b"cos\nsystem\n(S'true'\ntR."), "hamer.ckpt: "),
        (
            lambda folder: os.replace(folder / "MANO_RIGHT.pkl", folder / "SMPL_NEUTRAL.pkl"),
            "no model of SMPL",
        ),
    ],
)
def test_a_file_that_is_missing_wrong_or_hostile_is_told_before_any_work(
    spoil, told: str, weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "weights"
    folder.mkdir()
    for file in weights.iterdir():
        os.link(file, folder / file.name)
    (folder / "hamer.ckpt").unlink()
    (folder / "hamer.ckpt").write_bytes((weights / "hamer.ckpt").read_bytes())
    spoil(folder)
    (tmp_path / "videos").mkdir()
    assert main(command(tmp_path / "videos", tmp_path / "set", folder)) == 2
    output = capsys.readouterr().err
    assert told in output
    assert output.count("\n") == 1
    assert not (tmp_path / "set").exists()


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["--recipe", "research"], "needs --weights"),
        (["--weights", "W"], "are said of --recipe research"),
        (["--recipe", "research", "--weights", "W", "--embedded", "feet"], "feet: no role"),
        (
            ["--recipe", "research", "--weights", "W", "--embedded", "body"],
            "MediapipeBody as body does not fit RtmPerson as person, which does not give",
        ),
        (
            ["--recipe", "research", "--weights", "W", "--embedded", "person"],
            "HmrHands as hands does not fit MediapipePerson as person, which does not give left_hand_index_1",
        ),
    ],
)
def test_a_stack_that_does_not_fit_is_told_in_a_sentence(
    args: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["curate", "--videos", str(tmp_path), "--out", str(tmp_path / "set"), *args]) == 2
    output = capsys.readouterr().err
    assert told in output
    assert output.count("\n") == 1


@pytest.mark.parametrize(
    "embedded", [(), ("hands",), ("head", "appearance"), ("person", "hands"), ("person", "body", "hands")]
)
def test_mixtures_that_fit_are_allowed(embedded: tuple[str, ...]) -> None:
    backends = research(Path("W"), embedded)
    assert all(type(getattr(backends, role)).__name__[:4] in ("Medi", "Mesh", "Colo") for role in embedded)


def test_the_files_of_the_stack_are_listed_with_what_is_there(
    weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["weights", "--recipe", "research", "--folder", str(weights)]) == 1  # CLIP's is not there
    output = capsys.readouterr().out
    for file in RESEARCH:
        assert file.name in output
        assert file.where in output
    assert output.count(" there") == len(RESEARCH) - 1
    assert "lacking" in output
