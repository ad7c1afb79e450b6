"""JSON of strangers is read as it is, or refused in one sentence."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from storage.json_files import MAX_BYTES, NUMBER, Perhaps, json_at, misfits, read_json
from storage.place import Place
from tests.mutants import mutant

VALUE: dict[str, Any] = {"a": [1, 2.5, -3, True, None, "text \u00e9 \U0001f600"], "b": {"c": {}, "d": 10**17}}


def test_values_come_back() -> None:
    for text in (json.dumps(VALUE), json.dumps(VALUE, ensure_ascii=False, indent=1)):
        assert read_json(text.encode()) == VALUE


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "no JSON"),
        (b"{", "no JSON"),
        (b"\xff\xfe1\0", "no JSON"),
        (b"[NaN]", "NaN is no finite number"),
        (b"[-Infinity]", "no finite number"),
        (b"[1e999]", "1e999 is no finite number"),
        (b"9" * 400, "a number of 400 digits"),
        (b"-" + b"9" * 5000, "a number of 5001 digits"),
        (b"[" * 33 + b"]" * 33, "nested deeper than 32"),
        (b"[" * 10**6, "no JSON"),
        (b'{"a": 1, "a": 2}', "a key is there twice"),
        (rb'{"\ud800": 1}', "half a surrogate pair"),
        (rb'["\udc00"]', "half a surrogate pair"),
        (b" " * (MAX_BYTES + 1), "bytes are too many"),
    ],
)
def test_what_no_writer_of_ours_writes_is_refused(text: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words) as refused:
        read_json(text)
    assert len(str(refused.value)) < 300


def test_numbers_of_strangers(shared: Path) -> None:
    with pytest.raises(ValueError, match=r"a number of 4[0-9]+ digits"):
        read_json((shared / "cases/hostile/meta_number_of_400_digits.json").read_bytes())


def test_a_file_is_named_and_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("[1")
    with pytest.raises(ValueError, match=r"a\.json: no JSON"):
        json_at(Place.at(tmp_path), "a.json")
    (tmp_path / "a.json").write_bytes(b" " * (MAX_BYTES + 1))
    with pytest.raises(ValueError, match="too many"):
        json_at(Place.at(tmp_path), "a.json")
    os.mkfifo(tmp_path / "b.json")
    with pytest.raises(OSError, match="No plain file"):
        json_at(Place.at(tmp_path), "b.json")
    (tmp_path / "c.json").symlink_to("/dev/zero")
    with pytest.raises(OSError, match="No plain file"):
        json_at(Place.at(tmp_path), "c.json")


def test_misfits_are_named_where_they_are() -> None:
    shape = {"a": int, "b": [NUMBER], "c": {str: str}}
    assert misfits({"a": 1, "b": [1, 2.5], "c": {"x": "y"}}, shape, "v") == []
    assert misfits({"a": True, "b": [1, "2"], "c": {"x": 7}}, shape, "v") == [
        "v.a: a bool does not belong there",
        "v.b[1]: a str does not belong there",
        "v.c.x: a int does not belong there",
    ]
    assert misfits({"a": 1.0, "b": []}, shape, "v")[0] == "v: wrong keys ['c']"
    assert len(misfits(["x"] * 10**5, [int], "v")) == 100
    assert len(misfits({"x" * 10**6: 1}, {}, "v")[0]) < 300


def test_mutants_are_read_or_named() -> None:
    data = json.dumps(VALUE).encode()
    for seed in range(300):
        with suppress(ValueError):
            repr(read_json(mutant("meta.json", data, seed)))


def test_what_may_be_absent_has_its_shape_where_it_is_there() -> None:
    shape = {"a": int, "b": Perhaps({str: str})}
    assert misfits({"a": 1}, shape, "x") == []
    assert misfits({"a": 1, "b": {"c": "d"}}, shape, "x") == []
    assert misfits({"a": 1, "b": {"c": 2}}, shape, "x") == ["x.b.c: a int does not belong there"]
    assert misfits({"b": {}}, shape, "x") == ["x: wrong keys ['a']"]
