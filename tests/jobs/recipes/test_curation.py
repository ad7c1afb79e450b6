"""Stacks of estimators: what is checked before work, what their licences allow, what is another answer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.core import EstimatorUnavailable
from engine.identity import identity
from jobs.cli import main
from jobs.recipes.curation import RESEARCH, refuse_unready, research
from pipeline.backends import Backends
from pipeline.estimators.faceverse import head as faceverse
from pipeline.estimators.hmr import body, hands
from pipeline.estimators.mixtures import packaged_of
from pipeline.estimators.speech.packaged import SPEECH_NETWORK
from pipeline.flow import Curation
from schemas.licences import narrowest, usage_of
from storage.packaged_files import VARIABLE, weights_folder

CARDS = {"body": body.LICENCE, "hands": hands.LICENCE, "head": faceverse.LICENCE, "person": "Apache-2.0"}


@pytest.mark.parametrize("role", CARDS)
def test_cards_allow_what_the_files_allow(role: str) -> None:
    files = narrowest(usage_of(file.licence) for file in RESEARCH if file.role == role)
    assert usage_of(CARDS[role]) == files == ("commercial" if role == "person" else "research")


def test_precision_is_another_answer_and_where_it_runs_is_none() -> None:
    here = research(Path("W"))
    assert identity(here) == identity(research(Path("W"), device="cuda"))
    for role in ("body", "hands"):
        own: Any = getattr(here, role)
        assert identity(here) == identity(replace(here, **{role: replace(own, batch=7)}))
        half = replace(here, **{role: replace(own, precision="bfloat16")})
        assert identity(half) != identity(here)


MIXED = ("person", "body", "hands", "head", "appearance")


@pytest.mark.parametrize("bits", range(2 ** len(MIXED)))
def test_a_mixture_fits_or_is_refused_in_a_sentence(bits: int) -> None:
    embedded = [role for at, role in enumerate(MIXED) if bits >> at & 1]
    whole_body = "person" not in embedded
    fits = ("hands" in embedded or whole_body) and ("body" not in embedded or not whole_body)
    if fits:
        backends = research(Path("W"), embedded)
        ours = type(Backends().person).__module__.rpartition(".")[0]
        assert (ours in type(backends.person).__module__) == (not whole_body)
        return
    with pytest.raises(ValueError, match=r"^\w+ as \w+ does not fit \w+ as person, which does not give .+$"):
        research(Path("W"), embedded)


def test_packaged_files_are_looked_at_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    refuse_unready(Curation())
    folder = tmp_path / "weights"
    for file in set(packaged_of(Curation())):
        file.path(folder).parent.mkdir(parents=True, exist_ok=True)
        file.path(folder).symlink_to(file.path(weights_folder()))
    mesh = Backends().face.packaged[1].path(folder)
    monkeypatch.setenv(VARIABLE, str(folder))
    refuse_unready(Curation())
    heard = SPEECH_NETWORK.path(folder)
    heard.rename(tmp_path / "elsewhere")
    with pytest.raises(EstimatorUnavailable, match=r"silero_vad\.jit is not there: `understudy weights`"):
        refuse_unready(Curation())
    (tmp_path / "elsewhere").rename(heard)
    mesh.unlink()
    mesh.write_bytes(b"another network")
    with pytest.raises(
        EstimatorUnavailable, match=r"with_attention\.tflite is not the file that it should be"
    ):
        refuse_unready(Curation(backends=research(Path("W"))))
    (tmp_path / "videos").mkdir()
    assert main(["curate", "--videos", str(tmp_path / "videos"), "--out", str(tmp_path / "set")]) == 2
    output = capsys.readouterr().err
    assert "understudy weights" in output
    assert output.count("\n") == 1
    assert not (tmp_path / "set").exists()
