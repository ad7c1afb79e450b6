"""Parts of pages beside tables: cards with their queries, links to sections, numbers for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from schemas.visible import visible


def text(value: object) -> str:
    """A value as HTML text: what is hostile is shown and obeyed by nobody."""
    return escape(visible(str(value)))


def links(sections: Sequence[tuple[str, str]]) -> str:
    """Links to sections by their ids and headings."""
    parts = "".join(f'<a href="#{key}">{text(name)}</a>' for key, name in sections)
    return f'<nav aria-label="sections">{parts}</nav>'


def card(title: str, says: str, content: str, query: str) -> str:
    """A plot with what it says (HTML), and the question that gives it."""
    return (
        f'<div class="card"><h3>{text(title)}</h3><p class="faint">{says}</p>{content}'
        f"<details><summary>query</summary><pre>{text(query)}</pre></details></div>"
    )


def cards(parts: Iterable[str]) -> str:
    """Plots beside each other, as many as there is room for."""
    return f'<div class="cards">{"".join(parts)}</div>'


def numbers(data: Any) -> str:
    """Numbers of a page, for programs that read it."""
    found = json.dumps(data, sort_keys=True, allow_nan=False).replace("<", "\\u003c")
    return f'<script type="application/json" id="data">{found}</script>'
