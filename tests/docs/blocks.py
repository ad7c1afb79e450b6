"""The blocks of the documents: what a reader would type, in order."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("README.md", "docs/formats.md", "docs/audit.md", "docs/cluster.md", "CONTRIBUTING.md")
"""Pages with commands or code, in the order in which a reader would come to them."""
BLOCK = re.compile(
    r"^(?:<!-- not run: (?P<why>[^\n]+) -->\n\n)?```(?P<language>\w*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True, kw_only=True)
class Block:
    """A block, and why it is not run, where it is not."""

    page: str
    number: int
    language: str
    text: str
    why: str | None


def blocks_of(page: str) -> list[Block]:
    """All blocks of a page."""
    found = BLOCK.finditer((ROOT / page).read_text())
    return [
        Block(page=page, number=number, language=one["language"], text=one["text"], why=one["why"])
        for number, one in enumerate(found)
    ]


def outside(page: str) -> str:
    """A page without its blocks."""
    return BLOCK.sub("", (ROOT / page).read_text())
