"""The machine that a table was measured on."""

from __future__ import annotations

import os
import platform
from pathlib import Path


def machine() -> str:
    """Processor, cores, memory and Python, in a line."""
    facts = Path("/proc/cpuinfo").read_text().splitlines()
    model = next(
        (line.split(":", 1)[1].strip() for line in facts if line.startswith("model name")), "unknown"
    )
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{model}, {os.cpu_count()} cores, {memory_gib:.0f} GiB, Python {platform.python_version()}"


def write_table(path: Path, title: str, command: str, rows: list[tuple[str, ...]], *notes: str) -> None:
    """A Markdown table with its command, its machine and its notes; `rows` begins with the headings."""
    lines = [f"# {title}", "", f"`{command}`, on {machine()}.", "", *table_lines(rows), "", *notes]
    path.write_text("\n".join(lines).rstrip() + "\n")
    print("\n".join(lines))


def table_lines(rows: list[tuple[str, ...]]) -> list[str]:
    """The lines of a Markdown table; `rows` begins with the headings."""
    heads, *body = ["| " + " | ".join(row) + " |" for row in rows]
    return [heads, "|" + " --- |" * len(rows[0]), *body]
