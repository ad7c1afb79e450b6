"""What a run says of its starts comes back, and what no run says is refused."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from model.train.names import RUN
from model.train.starts import Start, note_start, starts_of

START: dict[str, Any] = {
    "data": ("set",),
    "index_sha256": ("0" * 64,),
    "canvas_area": 13_824,
    "recipe": "tiny",
    "settings": {"seed": 1},
    "ranks": 1,
    "device": "cpu",
    "code": "not a checkout",
    "versions": {"torch": "2.13", "schema": 1},
}


def test_starts_are_kept_in_their_order(tmp_path: Path) -> None:
    for ranks in (1, 2):
        note_start(tmp_path, Start(**{**START, "ranks": ranks}))
    assert [start.ranks for start in starts_of(tmp_path)] == [1, 2]
    plain = {**START, "data": ["set"], "index_sha256": ["0" * 64]}
    assert json.loads((tmp_path / RUN).read_text())[0] == plain


@pytest.mark.parametrize(("data", "rows"), [("set", ("set",)), ("", ())])
def test_a_run_of_one_data_set_as_it_once_was_told_is_read(
    tmp_path: Path, data: str, rows: tuple[str, ...]
) -> None:
    (tmp_path / RUN).write_text(json.dumps([{**START, "data": data, "index_sha256": "0" * 64}]))
    assert [(start.data, start.index_sha256) for start in starts_of(tmp_path)] == [(rows, ("0" * 64,))]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no JSON"),
        ("[]", "never started"),
        ("{}", "list"),
        ("[7]", "dict|Start"),
        (json.dumps([{**START, "canvas_area": -5}]), "canvases of up to -5 px cannot be"),
        (json.dumps([{**START, "canvas_area": 10**9}]), "cannot be"),
        (json.dumps([{**START, "canvas_area": float("nan")}]), "NaN is no finite number"),
        (json.dumps([{**START, "ranks": 0}]), "0 ranks"),
        (json.dumps([{**START, "canvas_area": "wide"}]), "canvas_area"),
        (
            json.dumps([{name: value for name, value in START.items() if name != "canvas_area"}]),
            "canvas_area",
        ),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / RUN).write_text(text)
    for read in (starts_of, lambda run: note_start(run, Start(**START))):
        with pytest.raises(ValueError, match=rf"not the folder of a run .*{words}") as refused:
            read(tmp_path)
        assert "\n" not in str(refused.value)
    assert (tmp_path / RUN).read_text() == text


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / RUN)
    with pytest.raises(ValueError, match="No plain file"):
        starts_of(tmp_path)
    with pytest.raises(ValueError, match="No such file"):
        starts_of(tmp_path / "nowhere")
