"""Ranks that end together: a fault of one, or its silence, is told once and ends all."""

from __future__ import annotations

from threading import Event

import pytest

from model.train import lifeline
from model.train.lifeline import BEAT_S, SILENT_S, Lifeline, held


class Notes(dict[str, bytes]):
    """A board in this process."""

    def set(self, key: str, value: str) -> None:
        self[key] = value.encode()

    def get(self, key: str) -> bytes:  # type: ignore[override]
        return self[key]

    def check(self, keys: list[str]) -> bool:
        return all(key in self for key in keys)


class Team:
    """Ranks on one board, what each said and how each ended."""

    def __init__(self, size: int) -> None:
        self.board = Notes()
        self.said: list[tuple[int, str]] = []
        self.ended: dict[int, int] = {}
        self.lines = [self.line(rank, size) for rank in range(size)]

    def line(self, rank: int, size: int) -> Lifeline:
        def end(code: int) -> None:
            self.ended[rank] = code

        def say(sentence: str) -> None:
            self.said.append((rank, sentence))

        return Lifeline(self.board, rank, size, say=say, end=end)

    def beat(self, *ranks: int, times: int = 1) -> None:
        for _ in range(times):
            for rank in ranks:
                if rank not in self.ended:
                    self.lines[rank].beat(BEAT_S)


def test_ranks_that_live_go_on() -> None:
    team = Team(3)
    team.beat(0, 1, 2, times=99)
    assert (team.said, team.ended) == ([], {})


@pytest.mark.parametrize("lost", [0, 2])
def test_a_rank_that_is_silent_ends_all_within_a_minute_with_one_sentence(lost: int) -> None:
    team, others = Team(3), [rank for rank in range(3) if rank != lost]
    team.beat(0, 1, 2)
    team.beat(*others, times=int((SILENT_S + 3 * BEAT_S) / BEAT_S))
    assert SILENT_S + 3 * BEAT_S < 60
    assert team.ended == dict.fromkeys(others, 2)
    ((speaker, sentence),) = team.said
    assert speaker == others[0]
    assert sentence.startswith(f"rank {lost} of 3 has given no sign of life for 45 s: all ranks end")


def test_a_fault_is_told_by_the_first_rank_alone() -> None:
    team = Team(3)
    team.board.set("heard", "")
    assert team.lines[2].tell(ValueError("clip-7: wrong_digest"), Event())
    team.beat(0, 1)
    assert team.said == [(0, "rank 2 of 3: clip-7: wrong_digest")]
    assert team.ended == {0: 2, 1: 2}


def test_a_rank_that_is_done_is_not_missed() -> None:
    team = Team(2)
    with held(team.lines[1]):
        pass
    team.beat(0, times=99)
    assert (team.said, team.ended) == ([], {})


def test_a_block_that_raises_tells_the_others_and_ends_in_silence_where_that_was_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lifeline, "HEARD_S", 0.0)
    team = Team(2)
    with pytest.raises(ValueError, match="no such file"), held(team.lines[1]):  # the first is gone
        raise ValueError("no such file")
    monkeypatch.setattr(lifeline, "HEARD_S", 1.0)
    team.board.set("heard", "")
    with pytest.raises(SystemExit, match="2"), held(team.lines[1]):
        raise ValueError("no such file")
    assert team.board["fault"] == b"rank 1 of 2: no such file"
    with held(None):
        pass
