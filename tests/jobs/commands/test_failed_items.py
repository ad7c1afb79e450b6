"""A clip on which a step breaks: the job goes on, says so, and can be asked why and told to try again."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from dataset.index import read_index
from engine.ledger import Ledger
from jobs.cli import main
from jobs.commands.curate import Curate, curate
from jobs.commands.replay import Replay
from jobs.commands.replay import replay as run_replay
from jobs.commands.status import Status, status
from jobs.exit_codes import ExitCode
from tests.paint import film
from tests.resume.job import contents, landed, settings
from tests.synth import Scene


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two people; whoever estimates the second knows no answer and breaks."""
    folder = tmp_path_factory.mktemp("corpus")
    (folder / "videos").mkdir()
    for number in (1, 2):
        scene = Scene(number=number, num_frames=26, width=160, height=240, appearance=number)
        film(scene, folder / "videos" / f"{number}.mp4", folder / "truths")
    (folder / "truths" / "2.npz").rename(folder / "2.npz")
    return folder


@pytest.fixture(scope="module")
def job(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Curate:
    out = tmp_path_factory.mktemp("made") / "set"
    return Curate(videos=corpus / "videos", out=out, settings=settings(corpus / "truths"))


def report_of(run: object) -> tuple[ExitCode, str]:
    console = Console(file=io.StringIO(), width=200)
    code = run(console)  # type: ignore[operator]
    assert isinstance(console.file, io.StringIO)
    return code, console.file.getvalue()


def key_of(out: Path | str) -> str:
    ledger = Ledger(out)
    found = [row for name in ledger.names("tracks") for row in ledger.rejects("tracks", name).to_pylist()]
    (key,) = [row["key"] for row in found if row["reason"] == "failed"]
    return str(key)


def test_a_failed_item(corpus: Path, job: Curate, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    out = Path(job.out)
    code, text = report_of(lambda console: curate(job, console))
    assert code == ExitCode.FAILED_ITEMS, text
    assert len(read_index(out).rows()) == 1
    key = key_of(out)
    message = f"failed in step estimate on {key}: KeyError in pipeline.estimators.fakes, line "
    assert "1 items failed; once that is mended: --retry failed crashed timed_out killed" in text
    assert message in text

    code, text = report_of(lambda console: status(Status(out=str(out)), console))
    assert code == ExitCode.WHOLE
    assert message in text
    assert "estimate failed 1" not in text  # apart from what was judged

    monkeypatch.setattr("jobs.commands.replay.settings_of", lambda out: job.settings)
    replay = Replay(out=str(out), key=key)
    code, text = report_of(lambda console: run_replay(replay, console))
    assert code == ExitCode.BELOW_THRESHOLD
    assert "rejected by step estimate: failed, KeyError" in text
    assert "KeyError: 2\n" in text  # of then
    assert "fails again: KeyError" in text

    before = landed(out)
    code, text = report_of(lambda console: curate(job, console))
    assert code == ExitCode.FAILED_ITEMS, text  # said again, and not tried again
    assert landed(out) == before

    (corpus / "2.npz").rename(corpus / "truths" / "2.npz")  # mended
    code, text = report_of(lambda console: run_replay(replay, console))
    assert code == ExitCode.WHOLE, text
    mended = replace(job, retry=("failed",), redo=True)  # an estimator that knows more is another one
    code, text = report_of(lambda console: curate(mended, console))
    assert code == ExitCode.WHOLE, text
    assert "items failed" not in text
    undisturbed = replace(job, out=tmp_path / "undisturbed")
    assert report_of(lambda console: curate(undisturbed, console))[0] == ExitCode.WHOLE
    assert contents(out) == contents(tmp_path / "undisturbed")
    assert len(read_index(out).rows()) == 2


def test_strict_stops_at_the_first(corpus: Path, job: Curate, tmp_path: Path) -> None:
    strict = replace(job, out=tmp_path / "set", strict=True, settings=settings(tmp_path / "truths"))
    (tmp_path / "truths").mkdir()
    known = next((corpus / "truths").glob("1.npz"))
    (tmp_path / "truths" / "1.npz").write_bytes(known.read_bytes())
    with pytest.raises(KeyError) as caught:
        report_of(lambda console: curate(strict, console))
    assert "in step 'estimate' on item" in caught.value.__notes__[0]


def test_the_flags_are_there(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["curate", "--help-all"])
    text = capsys.readouterr().out
    for flag in ("--strict", "--patience.tries", "--patience.max-failed-share", "--patience.min-failed"):
        assert flag in text
