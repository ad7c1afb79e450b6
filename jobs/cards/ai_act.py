"""What a manifest tells of a public summary of training content, after Article 53(1)(d) of the EU AI Act.

In the three parts of the Commission's template of 24 July 2025. What the provider alone knows is left open.
"""

from __future__ import annotations

from jobs.cards.facts import CardFacts
from jobs.cards.huggingface import plain, table

OURS = "[to be filled in by the provider]"


def ai_act(facts: CardFacts) -> str:
    """The summary as Markdown."""
    lines = [
        "# Public summary of training content",
        "",
        "## 1. General information",
        "",
        f"- Provider: {OURS}",
        f"- Model: {OURS}",
        f"- Modalities: video ({facts.hours:,.2f} hours, {facts.samples:,} clips), "
        f"audio ({facts.with_sound:,} clips with sound)",
        f"- Data set: {facts.name}, index sha256 {facts.digest}",
        "",
        "## 2. List of data sources",
        "",
        f"{facts.sources:,} films. Hours by licence and by domain:",
        "",
        *table("licence", facts.licences),
        *table("domain", facts.domains),
        f"- Crawled, licensed, from users or synthetic, and when: {OURS}",
        "",
        "## 3. Data processing",
        "",
        "Films are cut to clips of one person; what cannot be used is recorded with a reason. Annotated by:",
        "",
        *(
            f"- {role}: {plain(card.get('name'))} {plain(card.get('version'))}"
            for role, card in facts.estimators.items()
        ),
        "",
        *reservations(facts),
        f"- What sites say of learning (robots.txt, tdmrep.json), and the removal of illegal content: {OURS}",
    ]
    return "\n".join(lines) + "\n"


def reservations(facts: CardFacts) -> list[str]:
    """What was done about files whose owners reserve the right to learn from them."""
    if facts.opted_out is None:
        return [f"- Reservations of rights in files: not asked for, or not told; {OURS}"]
    counts = [f"  - {plain(word)}: {count:,}" for word, count in facts.opted_out.items()]
    return [
        "- Reservations of rights in files: each was asked for C2PA assertions of training and mining, for "
        "IPTC's data mining and for TDM's reservation, before it was read any further. "
        + ("Files left out, by what they say:" if counts else "None said so."),
        *counts,
    ]
