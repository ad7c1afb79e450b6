"""A model that is swapped redoes its facet and what reads it, and no other model is asked again."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dataset.names import NEXT
from engine.ledger import Landed, Ledger
from pipeline.estimators.appearance.colours import ColourLayout
from pipeline.estimators.fakes import ColourHistogram, Scripted
from pipeline.flow import TRACKS, Curation
from pipeline.stages import shard
from pipeline.stages.one_person import OnePerson
from schemas.media import Frames
from schemas.tracks import ROLES, BodyTrack, Embeddings, FaceTrack, HandTrack, HeadTrack, KeypointTrack, Role
from storage.place import Place
from tests.jobs.commands.test_forget import ask as let_go
from tests.jobs.commands.test_forget import digest_of, traces
from tests.jobs.commands.test_plan import redone, said
from tests.resume.job import contents, landed, settings
from tests.resume.test_redo import ask, broken

KILLS = (1, 4, 7, 9)
"""Of the files that the leg puts, eight to a lap, before which one the job dies."""


def swapped(films: Path) -> Curation:
    """The small job with another model of appearance."""
    run = settings(films / "truths")
    return replace(run, backends=replace(run.backends, appearance=ColourLayout()))


@pytest.fixture(scope="module")
def anew(films: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the other model makes of the films in a folder of their own."""
    out = tmp_path_factory.mktemp("anew") / "set"
    assert ask(films, out, settings=swapped(films), strict=True)[0] == 0
    return out


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Role]:
    """The roles whose models are asked, of those that give tracks."""
    calls: list[Role] = []
    call = Scripted.__call__

    def counted(self: Scripted[Any], *given: Any) -> Any:
        calls.append(OF[type(next(iter(self.tracks.values())))])
        return call(self, *given)

    monkeypatch.setattr(Scripted, "__call__", counted)
    return calls


OF: dict[type, Role] = {
    KeypointTrack: "person",
    BodyTrack: "body",
    HandTrack: "hands",
    FaceTrack: "face",
    HeadTrack: "head",
}


def laps(out: Path) -> dict[str, Landed]:
    return dict(Ledger(out).all_landed(TRACKS))


def tables(out: Path) -> dict[str, bytes]:
    """The tables of the facets that stay."""
    found = (out / "landings" / TRACKS).glob("part-*.*.parquet")
    return {path.name: path.read_bytes() for path in found if ".appearance." not in path.name}


def test_the_plan_says_which_facet(undisturbed: Path, films: Path) -> None:
    output = said(undisturbed, swapped(films))
    assert list(redone(undisturbed, swapped(films))) == [TRACKS, "samples", "shards"]
    assert "settings, versions or weights of appearance" in output
    assert "of person" not in output


def test_another_model_of_appearance_redoes_its_facet_alone(
    films: Path, made: Path, anew: Path, asked: list[Role], monkeypatch: pytest.MonkeyPatch
) -> None:
    before, kept = laps(made), tables(made)
    monkeypatch.setattr(shard, "video_writer", None)  # no video is encoded: their bytes lie in the old tars
    code, output = ask(films, made, settings=swapped(films), strict=True, redo=True)
    assert (code, asked) == (0, [])
    assert "tracks again: 4 laps" in output
    assert "appearance alone" in output
    assert (contents(made), landed(made)) == (contents(anew), landed(anew))
    assert contents(made) != {}
    assert tables(made) == kept
    for name, lap in laps(made).items():
        assert list(lap.facets) == list(ROLES)
        assert {role for role in ROLES if lap.facets[role] != before[name].facets[role]} == {"appearance"}
        assert lap.facets == laps(anew)[name].facets
    assert broken(made) == {}


def test_a_model_that_others_read_redoes_these_too(
    films: Path, made: Path, asked: list[Role], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = settings(films / "truths")
    monkeypatch.setattr(type(run.backends.face), "version", 2, raising=False)
    assert "of face, head, appearance, identity" in said(made, run)
    before = contents(made)
    assert ask(films, made, settings=run, strict=True, redo=True)[0] == 0
    assert set(asked) == {"face", "head"}
    assert contents(made) == before


def test_the_rule_of_one_person_asks_only_who_is_in_its_stretches(
    films: Path, made: Path, asked: list[Role], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = replace(settings(films / "truths"))
    run = replace(run, one_person=replace(run.one_person, max_gap_frames=3))
    monkeypatch.setattr(OnePerson, "version", 99)
    assert list(redone(made, run)) == [TRACKS, "samples", "shards"]
    assert "settings, versions or weights of identity" in said(made, run)
    before = contents(made)
    assert ask(films, made, settings=run, strict=True, redo=True)[0] == 0
    assert (set(asked), contents(made)) == ({"face"}, before)


@contextmanager
def dying(monkeypatch: pytest.MonkeyPatch, kill_at: int) -> Iterator[None]:
    """What runs here is stopped as it puts the `kill_at`th file of the tracks in its place."""
    put, counter = Place.put, itertools.count(1)

    def dies(place: Place, name: str, file: Path) -> str:
        if name.startswith(f"{TRACKS}/") and next(counter) == kill_at:
            raise KeyboardInterrupt
        return put(place, name, file)

    with monkeypatch.context() as killing:
        killing.setattr(Place, "put", dies)
        with pytest.raises(KeyboardInterrupt):
            yield


@pytest.mark.parametrize("kill_at", KILLS)
def test_killed_in_the_middle_of_a_facet_it_goes_on_to_the_same_bytes(
    films: Path, made: Path, anew: Path, asked: list[Role], monkeypatch: pytest.MonkeyPatch, kill_at: int
) -> None:
    with dying(monkeypatch, kill_at):
        ask(films, made, settings=swapped(films), strict=True, redo=True)
    assert (made / NEXT).exists()
    assert ask(films, made, settings=swapped(films), strict=True, redo=True)[0] == 0
    assert (contents(made), landed(made)) == (contents(anew), landed(anew))
    assert set(asked) in ({*OF.values()}, set())
    assert broken(made) == {}


def test_killed_while_it_estimates_it_keeps_the_other_facets(
    films: Path, made: Path, anew: Path, asked: list[Role], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as killing:
        killing.setattr(ColourLayout, "build", lambda _: Dying())
        with pytest.raises(KeyboardInterrupt):
            ask(films, made, settings=swapped(films), strict=True, redo=True)
    assert ask(films, made, settings=swapped(films), strict=True, redo=True)[0] == 0
    assert (contents(made), asked) == (contents(anew), [])


class Dying(ColourHistogram):
    """A model at which the job dies."""

    def __call__(self, images: Frames, /) -> Embeddings:
        raise KeyboardInterrupt


def test_a_facet_that_is_not_what_its_marker_says_is_told(made: Path) -> None:
    lying, gone, more = sorted((made / "landings" / TRACKS).glob("part-*.body.parquet"))[:3]
    lying.write_bytes(lying.with_name(lying.name.replace("body", "head")).read_bytes())
    gone.unlink()
    shutil.copy(more, more.with_name(more.name.replace("body", "shoes")))
    told = "\n".join(broken(made)["landings"])
    assert "the marker says" in told
    assert "there are ['appearance', 'face', 'hands', 'head', 'identity', 'person']" in told
    assert "'shoes'" in told


@pytest.mark.parametrize("kill_at", [1, 2, 5])
def test_who_leaves_leaves_facets_too_killed_between_two_of_them(
    films: Path, made: Path, monkeypatch: pytest.MonkeyPatch, kill_at: int
) -> None:
    gone = digest_of(films / "videos" / "1.mp4")
    with dying(monkeypatch, kill_at + 1):
        let_go(films, made, gone)
    let_go(films, made, gone)
    assert (list(traces(made, gone)), broken(made)) == ([], {})
