"""A data-set card of the Hugging Face Hub: README.md, whose head says what `datasets` loads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape

from jobs.cards.facts import CardFacts

SIZES = ((1e3, "n<1K"), (1e4, "1K<n<10K"), (1e5, "10K<n<100K"), (1e6, "100K<n<1M"), (1e7, "1M<n<10M"))


def huggingface(facts: CardFacts) -> str:
    """The card. JSON is YAML, so that no licence or domain can be more than a text in its head."""
    size = next((word for most, word in SIZES if facts.samples < most), "n>10M")
    head = {
        "license": "other",
        "license_name": "by-sample",
        "pretty_name": facts.name,
        "size_categories": [size],
        "task_categories": ["image-to-video", "keypoint-detection"],
        "tags": ["human-animation", "webdataset"],
        "configs": [{"config_name": "index", "data_files": [{"split": "train", "path": "index.parquet"}]}],
    }
    lines = ["---", *(f"{key}: {json.dumps(value)}" for key, value in head.items()), "---", ""]
    return "\n".join([*lines, *body(facts)]) + "\n"


def body(facts: CardFacts) -> list[str]:
    """What a person reads."""
    return [
        f"# {facts.name}",
        "",
        f"{facts.samples:,} clips of one person each, {facts.hours:,.2f} hours from {facts.sources:,} films, "
        f"{facts.gigabytes:,.1f} GB; {facts.with_sound:,} with sound. The index has a row a clip; clips lie "
        "in `shards/*/*.tar` as WebDataset.",
        "",
        *table("licence", facts.licences),
        *table("domain", facts.domains),
        *table("framing", facts.framings),
        "People are seen and heard in it: it holds personal data. What may be done with a clip follows from "
        "the licence of its source and from those of the estimators:",
        "",
        "| role | estimator | version | licence |",
        "|---|---|---|---|",
        *(
            f"| {' | '.join([role, *(plain(card.get(name)) for name in ('name', 'version', 'licence'))])} |"
            for role, card in facts.estimators.items()
        ),
    ]


def table(head: str, hours: Mapping[str, float]) -> list[str]:
    """Hours by a word."""
    rows = [f"| {plain(word)} | {share:.3f} |" for word, share in hours.items()]
    return [f"| {head} | hours |", "|---|---|", *rows, ""]


def plain(value: object) -> str:
    """A text that stays in its cell."""
    return " ".join(escape(str(value or "")).replace("|", "/").split())
