"""One file that cannot be reached is a reject; where most cannot, the job stops and says so."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from engine.core import Tally
from engine.ledger import Landed
from jobs.cli import main
from pipeline.corpora.reach import MostUnreached, mostly_reached, refuse_unreached
from pipeline.stages.corpus import Corpus
from schemas.media import Listed
from schemas.origin import Origin
from schemas.outcome import Rejected
from storage.place import Place
from tests.stores import Store


def listed(*uris: str) -> list[Listed]:
    return [Listed(key=str(number), uri=uri, origin=Origin()) for number, uri in enumerate(uris)]


def lap(offered: int, **reasons: int) -> tuple[str, Landed]:
    tally = Tally(step="corpus", offered=offered, reasons=Counter(reasons))
    return "000000", Landed(inputs="", rows=0, rejects=0, content="", steps=(tally,))


def test_a_forbidden_file_is_a_reject_and_so_is_one_of_no_bucket(cloud: Store) -> None:
    Place.at("s3://bucket/reach").write("a.mp4", b"1")
    cloud.fail({"match": "reach/a", "kind": 403})
    for uri, reason in (("s3://bucket/reach/a.mp4", "denied"), ("s3://nowhere/a.mp4", "missing")):
        with pytest.raises(Rejected) as no:
            list(Corpus()(listed(uri)[0]))
        assert no.value.reason == reason


def test_a_silent_store_is_a_reject(cloud: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.store.ATTEMPTS", 1)
    cloud.fail({"match": ".", "kind": 503})
    with pytest.raises(Rejected, match="unreachable"):
        list(Corpus()(listed("s3://bucket/reach/b.mp4?region=of-its-own")[0]))


def test_half_may_be_out_of_reach() -> None:
    few = [lap(4, denied=1, unreachable=1), lap(4, denied=2, missing=2)]
    assert list(mostly_reached(few)) == few
    assert list(mostly_reached([])) == []
    with pytest.raises(MostUnreached, match=r"5 of 8 files cannot be reached \(denied 3, unreachable 2\)"):
        list(mostly_reached([lap(4, denied=1, unreachable=2), lap(4, denied=2)]))


def test_a_few_are_asked_for_before_a_job_begins(cloud: Store, tmp_path: Path) -> None:
    uris = [f"s3://bucket/reach/{number:02d}.mp4" for number in range(40)]
    cloud.asked()
    refuse_unreached(listed(*uris))  # not there, which is an answer
    assert 10 <= sum(line.startswith("HEAD") for line in cloud.asked()) <= 16
    cloud.fail({"match": "HEAD .*reach", "kind": 403})
    refuse_unreached(listed(*uris, *(str(tmp_path / uri[-6:]) for uri in uris)))  # half lies on disk
    with pytest.raises(MostUnreached, match=r"14 of 14 files cannot be reached: .*access is denied"):
        refuse_unreached(listed(*uris))


def test_the_same_command_tries_again(
    cloud: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys that end while the job runs: nothing that they cost is a reject for good."""
    monkeypatch.setattr("storage.store.ATTEMPTS", 1)
    videos = Place.at("s3://bucket/ended?region=of-its-own-too")
    for number in range(3):
        videos.write(f"{number}.mp4", f"no video {number}".encode() * 1000)
    command = ["curate", "--videos", videos.uri, "--out", str(tmp_path / "set")]
    cloud.fail({"match": "GET /bucket/ended/[12]", "kind": 403})
    assert main(command) == 2
    assert "2 of 3 files cannot be reached (denied 2)" in capsys.readouterr().err
    cloud.fail()
    cloud.asked()
    assert main(command) == 1
    out = capsys.readouterr().out
    assert "too little was kept" in out
    assert "invalid_data 3" in out
    assert not [line for line in cloud.asked() if "GET /bucket/ended/0" in line and " 403" in line]
