"""A page as one HTML file: what is shown is escaped, the style and the few lines of script are in it."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from pathlib import Path

STYLE = Path(__file__).with_name("page.css")
SCRIPT = Path(__file__).with_name("page.js")


def document(title: str, parts: Iterable[str]) -> str:
    """The page of a title and its parts, which are HTML already.

    Nothing of it may be fetched from anywhere: a policy in its head says so to the browser too.
    """
    inline = "style-src 'unsafe-inline'; script-src 'unsafe-inline'"
    policy = f"default-src 'none'; {inline}; img-src data:; media-src data:"
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(title)}</title>",
            f"<style>\n{STYLE.read_text()}</style></head><body>",
            f"<h1>{escape(title)}</h1>",
            *parts,
            f"<script>\n{SCRIPT.read_text()}</script>",
            "</body></html>\n",
        ]
    )


def section(heading: str, *parts: str, key: str = "") -> str:
    """Parts under a heading, with an id where links go to it."""
    name = f' id="{escape(key)}"' if key else ""
    return "\n".join([f"<section{name}>", f"<h2>{escape(heading)}</h2>", *parts, "</section>"])


def paragraph(text: str) -> str:
    """A paragraph of plain text."""
    return f"<p>{escape(text)}</p>"


def listed(texts: Iterable[str]) -> str:
    """Plain texts as a list."""
    return "<ul>" + "".join(f"<li>{escape(text)}</li>" for text in texts) + "</ul>"
