"""What other settings would do to a data set: which legs run again, how many laps, how long."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

from rich.console import Console

from engine.differences import Difference, differences
from engine.ledger import Ledger
from engine.planning.forecast import kept_s
from engine.planning.rates import busy_s
from jobs.console.progress import readable_laps, readable_s
from jobs.stored.commands import NeedsRedo, refusal
from jobs.stored.curation import StoredCuration, digests, facet_digests, known_by, unsaid_of
from pipeline.flow import Curation
from storage.place import Place

FIRST = "version 1"
"""What rules of steps and estimators are, where a data set of schema 1 says nothing of them."""
SHOWN = 16
"""Characters of a digest that are told."""


@dataclass(frozen=True, kw_only=True)
class LegAgain:
    """A leg whose laps would run again."""

    leg: str
    laps: int
    busy_s: float
    """What they took, in seconds of one worker, but for facets that stay."""
    facets: tuple[str, ...] = ()
    """The facets that would be made again, where others of them stay."""

    @property
    def alone(self) -> str:
        """Which facets, in words."""
        return f", {' and '.join(self.facets)} alone" if self.facets else ""


def refuse_redo(
    out: Place, stored: StoredCuration, settings: Curation, console: Console, *, redo: bool
) -> None:
    """Print which settings differ from the stored ones and what they would do again, where they do.

    Raises:
        NeedsRedo: work would be done again, and `redo` does not say so.
    """
    ledger = Ledger(out)
    again = legs_again(stored, settings, ledger)
    found = differences(stored.settings, settings) if stored.legs else []
    for difference in found:
        console.print(sentence(difference, settings), highlight=False)
    if not any(leg.laps for leg in again):
        return
    others = list(unsaid_differences(stored, settings))
    for line in others:
        console.print(line, highlight=False)
    if not found and not others:
        console.print("these legs were made by another version of the code", highlight=False)
    for leg in again:
        took = f"{readable_laps(leg.laps)}, {readable_s(leg.busy_s)} of one worker"
        console.print(f"  {leg.leg} again: {took}{leg.alone}", highlight=False)
    if command := bill(out, ledger):
        console.print(f"  in money: {command}", highlight=False, soft_wrap=True)
    if not redo:
        laps, seconds = sum(leg.laps for leg in again), sum(leg.busy_s for leg in again)
        raise NeedsRedo(f"{refusal(out, laps, seconds)}, while the old index holds")


def bill(out: Place, ledger: Ledger) -> str:
    """The command that tells what so much footage costs, as measured here; empty where there is none."""
    footage_s = sum(tally.gave_s for tally in ledger.tallies("clips") if tally.step == "probe")
    hours = f"--hours {footage_s / 3600:.3g} --measured {out}"
    return f"understudy estimate-cost {hours} --machines NAME=COUNTxCORES@PRICE" if footage_s else ""


def legs_again(stored: StoredCuration, settings: Curation, ledger: Ledger) -> list[LegAgain]:
    """The legs from the first whose work is not what it was: at most these run again."""
    names = changed(digests(settings), known_by(stored, settings))
    same = {
        leg: frozenset(facets.items() & stored.facets.get(leg, {}).items())
        for leg, facets in facet_digests(settings).items()
        if leg in names[:1]  # behind another leg, all that it reads may be other
    }
    return [again(ledger, leg, settings, dict(same.get(leg, ())).keys()) for leg in names]


def changed(now: dict[str, str], before: Any) -> list[str]:
    """The legs from the first that differs."""
    names = list(now)
    first = next((at for at, name in enumerate(names) if before.get(name) != now[name]), len(names))
    return names[first:]


def again(ledger: Ledger, leg: str, settings: Curation, kept: AbstractSet[str]) -> LegAgain:
    """A leg, as its laps have landed; `kept` are the facets that stay."""
    landed = [lap for _, lap in ledger.all_landed(leg)]
    took = sum(busy_s(lap) - kept_s(lap, kept) for lap in landed)
    alone = [facet for facet in facet_digests(settings).get(leg, ()) if facet not in kept] if kept else ()
    return LegAgain(leg=leg, laps=len(landed), busy_s=took, facets=tuple(alone))


def sentence(difference: Difference, settings: Curation) -> str:
    """A difference, and what it would do."""
    redone = changed(digests(settings), digests(with_value(settings, difference)))
    return f"{difference}; {'redoes ' + ', '.join(redone) if redone else 'redoes nothing'}"


def unsaid_differences(stored: StoredCuration, settings: Curation) -> Iterator[str]:
    """What else was another when a data set was made: versions of steps and estimators, bytes of weights."""
    for name, now in unsaid_of(settings).items():
        untold = FIRST if stored.schema == 1 and now.startswith("version ") else now
        was = stored.unsaid.get(name, untold)
        if was != now:
            yield f"{name}: {was[:SHOWN]} before, {now[:SHOWN]} now"


def with_value(settings: Any, difference: Difference) -> Any:
    """The settings with what was in place of what is; as they are where they have no such setting."""
    name, _, rest = difference.path.partition(".")
    if name not in {setting.name for setting in fields(settings)}:
        return settings
    inner = getattr(settings, name)
    if is_dataclass(inner) and rest:
        return replace(settings, **{name: with_value(inner, replace(difference, path=rest))})
    return replace(settings, **{name: difference.was})
