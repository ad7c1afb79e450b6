"""The estimate of a training as it is asked for at the command line."""

from __future__ import annotations

import re

import pytest

from jobs.cli import main
from jobs.commands.estimate_training import parse, shown, videos


def asked(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(["estimate-training", *words])
    output = capsys.readouterr()
    return code, output.out, output.err


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")


def rows(out: str, first: str) -> list[list[str]]:
    """Cells of the rows that begin so."""
    cells = [[cell.strip() for cell in line.split("│")[1:-1]] for line in out.splitlines()]
    return [row for row in cells if row and row[0] == first]


def test_the_small_public_base_on_eight_gpus(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = asked(capsys, "--recipe", "wan_1b", "--tflops", "989", "--mfu", "0.4", "--price", "2.5")
    assert code == 0
    (base,) = rows(out, "base")
    (queries,) = rows(out, "text_queries")
    assert (base[1:], queries[1:]) == (["1,277.163", "body, everything"], ["141.834", ""])  # 1,418.997 in all
    assert [row[1] for row in rows(out, "everything")] == ["25", "73", "121"]
    assert [row[3] for row in rows(out, "body")] == [
        "50,400",
        "45,600",
        "74,400",
    ]  # method.md 7.1; three clips of 25 frames
    assert re.search(r"all steps: body .*; [\d,]+ GPU-hours, [\d,]+ in money", out)
    assert "Assumed:" in out


def test_more_ranks_fit_more_and_larger_gpus_too(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = asked(capsys, "--recipe", "paper")
    alone, eight = (row[2:] for row in rows(out, "3"))
    assert alone == ["nothing"] * 3
    small, middle, large = (int(cell.split()[0].replace(",", "")) for cell in eight)
    assert 74_400 <= small < middle < large  # 121 frames, with four references
    assert "give --tflops for times" in out


def test_ten_times_the_power_is_a_tenth_of_the_hours(capsys: pytest.CaptureFixture[str]) -> None:
    hours = []
    for tflops in ("100", "1000"):
        _, out, _ = asked(capsys, "--recipe", "wan_1b", "--tflops", tflops)
        hours.append(float(out.split(" GPU-hours")[0].rsplit(" ", 1)[1].replace(",", "")))
    assert hours[0] / hours[1] == pytest.approx(10, rel=0.01)


def test_settings_change_the_estimate(capsys: pytest.CaptureFixture[str]) -> None:
    peaks = []
    for words in ((), ("--settings.no-activation-checkpointing",)):
        _, out, _ = asked(capsys, "--recipe", "wan_1b", *words)
        peaks.append(float(rows(out, "body")[-1][11]))
    assert peaks[1] > 3 * peaks[0]


def test_one_process_needs_no_table_of_gpus(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = asked(capsys)
    assert code == 0
    assert "one process" in out
    assert "80 GB" not in out
    job = parse([])
    assert job.canvas == (192, 128)
    assert shown(job, videos(job)[0], 25).clips == 2  # of 672 tokens, and 384 of references


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--world-size", "0"), "ranks, references, canvas, tflops and price are above 0"),
        (("--mfu", "1.5"), "mfu and spare are shares"),
        (("--canvas", "100", "64"), "both have to be multiples of 16"),
        (("--world-size", "2"), "2 ranks and an engine of one process: set settings.zero_stage"),
    ],
)
def test_what_cannot_be_estimated_is_a_sentence(
    words: tuple[str, ...], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = asked(capsys, *words)
    assert (code, out) == (2, "")
    assert sentence in err


def test_a_budget_that_no_clip_fits_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    budget = "--settings.loader.order.max-tokens"
    code, _, result = asked(capsys, "--recipe", "wan_1b", budget, "16799")
    assert (code, result) == (
        2,
        "understudy: no clip of 960x640 px fits the token budget: max_tokens is 16799, and a shortest "
        "window, of 25 frames, takes 16800\n",  # 7 latents of 60 times 40
    )
    assert asked(capsys, "--recipe", "wan_1b", "--tflops", "989", budget, "16800")[0] == 0


def test_a_phase_of_small_canvases_and_short_windows_takes_less(capsys: pytest.CaptureFixture[str]) -> None:
    small = ("--settings.phases.0.area", "150000", "--settings.phases.0.max-frames", "25")
    _, out, _ = asked(capsys, "--recipe", "wan_1b", "--tflops", "989", *small)
    assert [row[1] for row in rows(out, "body")] == ["25"]
    assert [row[1] for row in rows(out, "face")] == ["25", "73", "121"]
    frames, clips, tokens = (int(cell.replace(",", "")) for cell in rows(out, "body")[0][1:4])
    assert tokens / clips <= 7 * 150_000 / 256
    assert frames == 25
    assert clips > 3
