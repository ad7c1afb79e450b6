"""Rules of an audit: which samples are beyond which bound, and how many may be."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

Severity = Literal["warn", "error"]
Verdict = Literal["pass", "warn", "fail", "not asked"]
Shown = Literal["frame", "references"]
ID = re.compile(r"[a-z][a-z0-9_]{1,40}")
DEFAULTS = Path(__file__).with_name("rules.toml")


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Samples of `scope` whose `value` is above or below a bound are beyond it; a share of them may be."""

    id: str
    says: str
    """What a sample beyond the bound is like."""
    value: str
    """A column of `audited`, or any expression of SQL over its columns."""
    severity: Severity = "error"
    above: float | None = None
    below: float | None = None
    scope: str = "true"
    """A condition of SQL: of which samples it is asked."""
    allowed: float = 0.0
    """Share of those asked that may be beyond."""
    shows: Shown = "frame"
    """What the page shows of the worst: the clip's middle frame under its controls, or beside that also its
    references."""

    def __post_init__(self) -> None:
        if not ID.fullmatch(self.id):
            raise ValueError(f"{self.id!r} is no id of a rule: small letters, digits, underscores")
        if self.above is None and self.below is None:
            raise ValueError(f"{self.id}: it needs a bound, `above` or `below`")
        if not 0 <= self.allowed <= 1:
            raise ValueError(f"{self.id}: allowed is a share from 0 to 1, not {self.allowed:g}")

    @property
    def beyond(self) -> str:
        """Condition of SQL: beyond a bound, on a column `value`."""
        bounds = ((">", self.above), ("<", self.below))
        return " or ".join(f"value {sign} {bound!r}" for sign, bound in bounds if bound is not None)

    @property
    def bounds(self) -> tuple[float, ...]:
        """The bounds that there are."""
        return tuple(bound for bound in (self.below, self.above) if bound is not None)

    def is_beyond(self, low: float, high: float) -> bool:
        """Whether all from one value to another is beyond a bound."""
        return (self.above is not None and low > self.above) or (self.below is not None and high < self.below)

    def verdict(self, asked: int, beyond: int) -> Verdict:
        """What so many samples beyond of so many asked mean."""
        if not asked:
            return "not asked"
        if beyond / asked <= self.allowed:
            return "pass"
        return "fail" if self.severity == "error" else "warn"


def read_rules(path: Path | None) -> tuple[Rule, ...]:
    """The rules of a TOML file, ours where there is none.

    Raises:
        ValueError: it holds no rules; says where.
        OSError: it cannot be read.
    """
    path = path or DEFAULTS
    try:
        raw: Any = tomllib.loads(path.read_text())
        rules = TypeAdapter(tuple[Rule, ...]).validate_python(raw.get("rule", ()), strict=False)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        raise ValueError(f"{path}: {faults}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: no TOML: {error}") from error
    refuse_odd(path, raw, rules)
    return rules


def refuse_odd(path: Path, raw: Any, rules: tuple[Rule, ...]) -> None:
    """Raise ValueError where a file of rules has none, one twice, or a key that no rule has."""
    if not rules:
        raise ValueError(f"{path}: no [[rule]]")
    known = set(Rule.__dataclass_fields__)
    if odd := sorted({name for rule in raw["rule"] for name in rule} - known | (set(raw) - {"rule"})):
        raise ValueError(f"{path}: no rule has {odd[0]!r}; there are {', '.join(sorted(known))}")
    names = [rule.id for rule in rules]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"{path}: two rules are {twice[0]!r}")
