"""Items on which a step broke, told apart from those that were judged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice

from rich.console import Console

from engine.core import Tally
from engine.failures import UNJUDGED, unjudged
from engine.ledger import Ledger

SHOWN = 10
"""Items that are told one by one."""


def num_failed(tallies: Iterable[Tally]) -> int:
    """How many items failed."""
    return sum(tally.reasons[reason] for tally in tallies for reason in UNJUDGED)


def tell_failed(ledger: Ledger, legs: Sequence[str], tallies: Sequence[Tally], console: Console) -> None:
    """Print how many items failed, the first of them, and how to try them again; nothing where none did."""
    failed = num_failed(tallies)
    if not failed:
        return
    message = f"{failed} items failed; once that is mended: --retry {' '.join(UNJUDGED)}"
    console.print(message, style="yellow", highlight=False, markup=False)
    for sentence in islice(sentences(ledger, legs), SHOWN):
        console.print(sentence, highlight=False, markup=False)
    if failed > SHOWN:
        console.print(f"and {failed - SHOWN} more", highlight=False)


def sentences(ledger: Ledger, legs: Sequence[str]) -> Iterator[str]:
    """A sentence for each item that failed."""
    found = chain.from_iterable(unjudged(ledger, leg) for leg in legs)
    for reject in found:
        yield f"{reject.reason} in step {reject.step} on {reject.key}: {reject.detail}"
