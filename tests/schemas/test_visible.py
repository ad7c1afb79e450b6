"""Text that does things, and how it is shown."""

from __future__ import annotations

import io
import os
import sys
import unicodedata

import pytest

from schemas.visible import Shown, shown_streams, visible, visible_lines


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("влог 人物 é 🎬.mp4", "влог 人物 é 🎬.mp4"),
        ("narrow\u00a0and\u3000wide", "narrow\u00a0and\u3000wide"),
        ("a\x1b[2Jb", r"a\x1b[2Jb"),
        ("a\nb\r\tc\x07\x7f\x9b", r"a\nb\r\tc\x07\x7f\x9b"),
        ("\u202egpj.exe\u2066", r"\u202egpj.exe\u2066"),
        ("a\u2028b\u2029c\u0085d", r"a\u2028b\u2029c\x85d"),
        ("zero\u200bwidth\ufeff", r"zero\u200bwidth\ufeff"),
        (os.fsdecode(b"\xff.mp4"), r"\udcff.mp4"),
        ("\U000e0041 tag", r"\U000e0041 tag"),
        ("", ""),
    ],
)
def test_what_does_something_is_escaped(text: str, shown: str) -> None:
    assert visible(text) == shown
    assert visible_lines(text + "\n" + text) == visible_lines(text) + "\n" + visible_lines(text)


def test_no_character_but_letters_marks_signs_and_spaces_comes_through() -> None:
    everything = "".join(map(chr, range(0x30000)))
    kept = set(visible(everything)) - set("\\")
    assert {unicodedata.category(char)[0] for char in kept} == set("LMNPSZ")
    assert not kept & {"\u2028", "\u2029"}
    visible(everything).encode()


def test_a_stream_shows_what_is_written_to_it() -> None:
    inner = io.StringIO()
    print("a\x1b[31mred\x1b[0m\x1b[2J\rb\nc\udcff", file=Shown(inner))
    assert inner.getvalue() == "ared\\x1b[2J\\rb\nc\\udcff\n"


def test_streams_are_back_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    narrow = io.TextIOWrapper(raw, encoding="ascii", write_through=True)
    monkeypatch.setattr(sys, "stderr", narrow)
    with shown_streams():
        print("влог \x1b[2J", file=sys.stderr)
    assert sys.stderr is narrow
    assert raw.getvalue() == rb"\u0432\u043b\u043e\u0433 \x1b[2J" + b"\n"
