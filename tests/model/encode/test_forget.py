"""Latents of tars that a data set has no more leave; those of others stay where they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from dataset.index import read_index
from dataset.names import SOURCE_DIGITS
from engine.ledger import Ledger
from jobs.cli import main
from model.encode.flow import FIT
from model.encode.forget import forget_latents, lost_latents, rows_in
from storage.place import Place
from tests.jobs.commands.encoded import command
from tests.resume.command_job import contents


@pytest.fixture
def latents(data_set: Path, tmp_path: Path) -> Path:
    """Latents of the data set."""
    out = tmp_path / "latents"
    assert main(command(data_set, out)) == 0
    return out


def test_they_go_with_their_tars_and_come_back_with_the_next_encoding(data_set: Path, latents: Path) -> None:
    before, out = contents(latents), Place.at(latents)
    rows = list(read_index(data_set).rows())
    gone_tar = rows[0].shard
    stays = {row.shard for row in rows} - {gone_tar}
    source = rows[0].key[:SOURCE_DIGITS]
    told = len(lost_latents(out, stays))
    assert told == sum(row.shard == gone_tar for row in rows_in(out)) > 0
    assert forget_latents(out, stays, lambda key, _: key.startswith(source)) == told
    assert {row.shard for row in rows_in(out)} == stays
    assert out.size(gone_tar) is None
    left = contents(latents)
    assert {name for name in left if name.startswith("shards/")} == stays
    assert all(left[name] == before[name] for name in stays)
    codec = Ledger(out).table(FIT, "part", "000000")["key"].to_pylist()
    assert codec
    assert not any(key.startswith(source) for key in codec)
    assert main(command(data_set, latents)) == 0
    after = contents(latents)
    assert {name: after[name] for name in before if name.startswith("shards/")} == {
        name: before[name] for name in before if name.startswith("shards/")
    }


def test_where_there_are_none_none_go(tmp_path: Path) -> None:
    assert lost_latents(Place.at(tmp_path), set()) == []
