"""Values of every kind as JSON and as text."""

from __future__ import annotations

import json

import duckdb
import pytest

from jobs.questions.plain import plain, refuse_repeats, shown


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("'nan'::double", None),
        ("'-infinity'::float", None),
        ("1.5::decimal(9, 2)", 1.5),
        ("'\\x01\\xff'::blob", "01ff"),
        ("interval '1 day 2 hours'", "1 day, 2:00:00"),
        ("[1, 'nan'::double]", [1, None]),
        ("{'a': interval '3 seconds'}", {"a": "0:00:03"}),
        ("map {1: 'one'}", {"1": "one"}),
        ("date '2020-02-03'", "2020-02-03"),
        ("true", True),
        ("null", None),
        ("12345678901234567890123::hugeint", 12345678901234567890123),
    ],
)
def test_every_value_is_json(sql: str, found: object) -> None:
    (value,) = duckdb.connect().execute(f"select {sql}").fetchall()[0]
    assert plain(value) == found
    json.dumps(plain(value), allow_nan=False)


def test_a_record_holds_every_column() -> None:
    refuse_repeats(["a", "b"])
    with pytest.raises(ValueError, match="two columns are named b"):
        refuse_repeats(["b", "a", "b"])


def test_people_are_shown_short_texts() -> None:
    assert (shown(None), shown(1.23456789), shown(b"\x01")) == ("", "1.23457", "01")
    assert shown("a" * 600) == "a" * 500 + "... (600 letters)"
