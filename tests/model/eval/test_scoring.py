"""Films beside their truth, and what a method comes to."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor, nn

from model.eval import networks
from model.eval.networks import Networks, WeightFiles, digests, load_networks
from model.eval.scoring import STEP, WINDOW, PairScores, score_pair, windows
from model.eval.summary import of_means, summarise

CPU = "cpu"


def moving(frames: int, side: int = 32, seed: int = 1) -> NDArray[np.uint8]:
    """Smooth pictures that move a pixel a frame."""
    coarse = np.random.default_rng(seed).integers(0, 256, (8, 8, 3)).astype(np.uint8)
    picture = np.kron(coarse, np.ones((side // 8, side // 8, 1), np.uint8))
    return np.stack([np.roll(picture, t, axis=1) for t in range(frames)])


class Means(nn.Module):
    """Features of windows that tell colours and their change."""

    def __init__(self) -> None:
        super().__init__()
        self.anchor = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x.mean(dim=(2, 3, 4)), x.diff(dim=2).square().mean(dim=(2, 3, 4))], dim=1)


@pytest.mark.parametrize(
    ("frames", "starts", "lengths"),
    [(3, [0], [3]), (16, [0], [16]), (24, [0, 8], [16, 16]), (27, [0, 8, 16], [16, 16, 11])],
)
def test_windows_overlap_by_half_and_the_rest_comes_last(
    frames: int, starts: list[int], lengths: list[int]
) -> None:
    film = moving(frames)
    found = list(windows(film, film))
    assert [start for start, *_ in found] == starts
    assert [len(one) for _, one, _ in found] == lengths
    assert all(np.array_equal(one[0], film[start]) for start, one, _ in found)


def test_every_frame_is_scored_once_and_every_whole_window_gives_a_row() -> None:
    film = moving(27)
    scores = score_pair(film, film, Networks(i3d=Means()))  # type: ignore[arg-type]
    assert {name: len(values) for name, values in scores.frames.items()} == {
        "psnr": 27,
        "ssim_gauss_rgb": 27,
        "ssim_disco": 27,
    }
    assert scores.means["psnr"] == 100.0
    assert [len(rows) for rows in scores.features["i3d", "made"]] == [1, 1]
    assert (WINDOW, STEP) == (16, 8)


def test_a_worse_frame_is_seen_where_it_is() -> None:
    truth = moving(20)
    made = truth.copy()
    made[17] = 255 - made[17]
    values = score_pair(made, truth, Networks()).frames["psnr"]
    assert [t for t, value in enumerate(values) if value < 100] == [17]


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (moving(19), "differ in length: one ends after 19 frames"),
        (moving(20, side=40), "differ in size: 40x40 and 32x32 px"),
        (moving(20)[:0], "differ in length: one ends after 0 frames"),
    ],
)
def test_films_that_do_not_fit_are_refused(made: NDArray[np.uint8], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        score_pair(made, moving(20), Networks())


def scores(level: float, rows: NDArray[np.float32]) -> PairScores:
    made, truth = np.asarray(rows + np.float32(level)), rows
    return PairScores(
        frames={"psnr": [level, level + 2]}, features={("i3d", "made"): [made], ("i3d", "truth"): [truth]}
    )


def test_a_method_comes_to_the_mean_over_its_pairs_and_its_spread() -> None:
    numbers = of_means([{"psnr": 20.0}, {"psnr": 30.0}], seed=0)
    assert (numbers["psnr"].value, numbers["psnr"].n) == (25.0, 2)
    assert (numbers["psnr"].low, numbers["psnr"].high) == (20.0, 30.0)
    assert of_means([{"psnr": 20.0}], seed=0)["psnr"].low is None


def test_a_set_is_told_where_there_are_rows_enough_and_withheld_with_its_reason_where_not() -> None:
    rows = np.random.default_rng(2).normal(size=(40, 4)).astype(np.float32)
    good = summarise([scores(1.0, rows), scores(1.0, rows[::-1])], 0, seed=0, allow_small=False)
    assert good["fvd_videogpt"]["value"] == pytest.approx(4.0, rel=1e-5)  # a shift of 1 in four dimensions
    assert good["fvd_videogpt"]["n"] == 80
    small = summarise([scores(1.0, rows[:3])], 0, seed=0, allow_small=False)
    assert small["fvd_videogpt"]["value"] is None
    assert small["fvd_videogpt"]["withheld"] == "3 rows of 4 features: a covariance needs 4"
    asked = summarise([scores(1.0, rows[:3])], 0, seed=0, allow_small=True)
    assert asked["fvd_videogpt"]["value"] == pytest.approx(4.0, rel=1e-4)
    short = summarise([scores(1.0, rows)], 1, seed=0, allow_small=True)
    assert short["fvd_videogpt"]["withheld"] == "1 pairs are missing"
    assert short["psnr"]["value"] == 2.0


class Small(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 2, 1)
        self.bn = nn.BatchNorm2d(2)


def test_weights_are_taken_by_name_and_what_is_more_is_left(tmp_path: Path) -> None:
    net = Small()
    weights = {f"module.{name}": tensor + 1 for name, tensor in net.state_dict().items()}
    del weights["module.bn.num_batches_tracked"]  # older files have no counters
    networks.load(net, {**weights, "module.fc.weight": torch.zeros(3)}, tmp_path)
    assert float(net.state_dict()["bn.running_mean"][0]) == 1.0
    with pytest.raises(ValueError, match=r"conv\.weight is missing or of another shape"):
        networks.load(net, {**weights, "module.conv.weight": torch.zeros(2, 3)}, tmp_path)


def test_files_that_belong_together_are_asked_for_together(tmp_path: Path) -> None:
    save_file({"x": torch.zeros(1)}, tmp_path / "a.safetensors")
    with pytest.raises(ValueError, match="LPIPS needs two files"):
        load_networks(WeightFiles(alex=tmp_path / "a.safetensors"), CPU)
    with pytest.raises(ValueError, match="not this network's weights"):
        load_networks(WeightFiles(resnet3d=tmp_path / "a.safetensors"), CPU)
    with pytest.raises(ValueError, match="no such file of weights"):
        load_networks(WeightFiles(inception=tmp_path), CPU)
    assert load_networks(WeightFiles(), CPU) == Networks()


def test_a_digest_tells_one_file_from_another(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a")
    (tmp_path / "b").write_bytes(b"b")
    found = digests(WeightFiles(i3d=tmp_path / "a", alex=tmp_path / "b"))
    assert found.keys() == {"i3d", "alex"}
    assert len(set(found.values())) == 2
