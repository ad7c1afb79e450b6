"""`understudy card`: a data set described for a hub, a standard or a law."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import tyro
from rich.console import Console

from dataset.index import read_index
from dataset.names import RUN
from engine.ledger import Ledger
from jobs.cards.ai_act import ai_act
from jobs.cards.croissant import croissant
from jobs.cards.facts import CardFacts, card_facts, opted_out_in
from jobs.cards.huggingface import huggingface
from jobs.console.flags import parsed
from jobs.exit_codes import ExitCode
from storage.json_files import json_at
from storage.place import Place

Form = Literal["huggingface", "croissant", "ai_act"]
FORMS: dict[Form, Callable[[CardFacts], str]] = {
    "huggingface": huggingface,
    "croissant": croissant,
    "ai_act": ai_act,
}


@dataclass(frozen=True, kw_only=True)
class Card:
    """Describe a data set: a hub's README.md, croissant.json, or a summary of training content."""

    data: tyro.conf.Positional[str]
    """Folder or address of the data set."""
    form: Form = "huggingface"
    """For the Hugging Face Hub, in Croissant 1.1, or after the template of the EU AI Act."""


def parse(args: list[str]) -> Card:
    """The job of a command line."""
    return parsed(Card, "card", args)


def card(job: Card, console: Console) -> ExitCode:
    """Print the card; `WHOLE`.

    Raises:
        ValueError: there is no data set.
        OSError: it cannot be read.
    """
    place = Place.at(job.data)
    index = read_index(place)
    content = json_at(place, RUN) if place.size(RUN) is not None else {}
    estimators = content.get("estimators", {}) if isinstance(content, dict) else {}
    opted_out = opted_out_in(Ledger(place)) if asks(content) else None
    console.file.write(FORMS[job.form](card_facts(index, estimators, opted_out)))
    return ExitCode.WHOLE


def asks(content: object) -> bool:
    """Whether a run's settings say that files which opt out were left out."""
    for name in ("settings", "probe", "keep_opted_out"):
        content = content.get(name) if isinstance(content, dict) else None
    return content is False
