"""Rules: bounds, shares, verdicts, and files that hold none."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs.audits.rules import Rule, read_rules


def rule(**changes: object) -> Rule:
    given: dict[str, object] = {"id": "odd", "says": "", "value": "x", "above": 1.0, "allowed": 0.1}
    return Rule(**{**given, **changes})  # type: ignore[arg-type]


def test_who_is_not_there_passes_nothing() -> None:
    assert rule(severity="error").verdict(0, 0) == "not asked"


@pytest.mark.parametrize(
    ("severity", "beyond", "verdict"),
    [("error", 0, "pass"), ("error", 10, "pass"), ("error", 11, "fail"), ("warn", 11, "warn")],
)
def test_a_share_may_be_beyond(severity: str, beyond: int, verdict: str) -> None:
    assert rule(severity=severity).verdict(100, beyond) == verdict


def test_bounds_are_not_beyond_themselves() -> None:
    both = rule(below=-1.0)
    assert [both.is_beyond(value, value) for value in (-1.5, -1, 1, 1.5)] == [True, False, False, True]
    assert not both.is_beyond(0.5, 1.5)
    assert both.beyond == "value > 1.0 or value < -1.0"
    assert both.bounds == (-1.0, 1.0)


def test_ours_are_read_and_are_many() -> None:
    assert len(read_rules(None)) > 20


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no .*rule"),
        ("[[rule]]\nid = 'a'\nsays = ''\nvalue = 'x'", "Field required|no id|bound"),
        ("[[rule]]\nid = 'ab'\nsays = ''\nvalue = 'x'", "needs a bound"),
        ("[[rule]]\nid = 'ab'\nsays = ''\nvalue = 'x'\nabove = 1\nmore = 2", "no rule has 'more'"),
        ("[[rule]]\nid = 'ab'\nsays = ''\nvalue = 'x'\nabove = 1\n" * 2, "two rules are 'ab'"),
        ("[[rule]]\nid = 'ab'\nsays = ''\nvalue = 'x'\nabove = 'high'", "above"),
        ("rule = 3", "rule|tuple"),
        ("[[", "no TOML"),
    ],
)
def test_what_is_no_rule_is_a_sentence(text: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text(text)
    with pytest.raises(ValueError, match=words):
        read_rules(tmp_path / "rules.toml")
