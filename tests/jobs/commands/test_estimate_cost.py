"""The estimate as it is asked for at the command line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from jobs.cli import main
from jobs.commands import estimate_cost


def asked(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(["estimate-cost", *words])
    output = capsys.readouterr()
    return code, output.out, output.err


def test_five_hundred_hours(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = asked(
        capsys, "--hours", "500", "--source-s", "600", "--machines", "cpu=8x16@0.68", "gpu=4x8+1@0.80"
    )
    assert code == 0
    assert re.search(r"bottleneck: (tracks|shards), \d+:\d\d:\d\d on all workers", out)
    assert re.search(r"wall-clock \d+:\d\d:\d\d, [\d.,]+ machine-hours, [\d.,]+ in money", out)
    assert "Assumed:" in out


def test_twice_the_machines_take_half_the_time(capsys: pytest.CaptureFixture[str]) -> None:
    walls = []
    for machines in ("cpu=4x16", "cpu=8x16"):
        _, out, _ = asked(capsys, "--hours", "500", "--source-s", "600", "--machines", machines)
        hours, minutes, seconds = out.split("wall-clock ")[1].split(",")[0].split(":")
        walls.append(3600 * int(hours) + 60 * int(minutes) + int(seconds))
    assert walls[0] / walls[1] == pytest.approx(2, rel=0.02)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--hours", "0", "--machines", "cpu=1x1"), "must be more than 0"),
        (("--hours", "5", "--machines", "cpu"), "is no list of machines"),
        (("--hours", "5", "--machines", "head=1x0"), "no machine has 1 cores"),
        (("--hours", "5", "--machines", "cpu=1x1", "--measured", "/nowhere"), "no footage has been measured"),
    ],
)
def test_what_cannot_be_estimated_is_a_sentence(
    words: tuple[str, ...], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = asked(capsys, *words)
    assert (code, out) == (2, "")
    assert sentence in err


def test_the_papers_networks_are_told_by_their_operations(capsys: pytest.CaptureFixture[str]) -> None:
    walls = []
    for tflops in ("30", "400"):
        words = ("--hours", "500", "--source-s", "600", "--recipe", "research", "--gpu-tflops", tflops)
        code, out, _ = asked(capsys, *words, "--gpu-share", "0.08", "--machines", "h200=1x16+1")
        assert code == 0
        assert "networks by operations" in out
        hours, minutes, seconds = out.split("wall-clock ")[1].split(",")[0].split(":")
        walls.append(3600 * int(hours) + 60 * int(minutes) + int(seconds))
    assert walls[0] > 1.5 * walls[1]
    assert walls[1] < 100 * 3600
    code, _, err = asked(capsys, "--hours", "5", "--machines", "cpu=1x1", "--gpu-tflops", "0")
    assert (code, err) == (2, "understudy: gpu_tflops must be more than 0\n")


def test_rates_of_a_device_count_instead_of_operations(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "estimators.json"
    file.write_text('{"a GPU, bfloat16": {"alone": {}, "role": {"body": 1500.0, "hands": 1500.0}}}')
    monkeypatch.setattr(estimate_cost, "GPU_RATES", file)
    words = ("--hours", "500", "--source-s", "600", "--recipe", "research", "--machines", "h200=1x16+1")
    code, out, _ = asked(capsys, *words, "--gpu", "a GPU, bfloat16")
    assert code == 0
    assert "as measured there: body, hands" in out
    assert "by operations, 50 TFLOP/s a worker: person, head, appearance" in out
    assert asked(capsys, *words, "--gpu", "another")[::2] == (
        2,
        "understudy: --gpu another: nothing was measured on it, only on a GPU, bfloat16\n",
    )
