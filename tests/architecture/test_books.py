"""Books that code cites stand in the repository, with the sections that it cites, and say what is so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from schemas.arrays import array_specs
from schemas.arrow import schema_of
from schemas.columns import COLUMNS
from schemas.controls import Controls
from schemas.index import IndexRow
from schemas.outcome import Rejected
from schemas.reasons import MEANINGS, Reason
from tests.architecture.floors import FLOORS, FOLDERS, ROOT

DOCS = ROOT / "docs"
BOOK = re.compile(r"\b([\w-]+)\.md\b(?:,?\s+(?:section )?(\d+(?:\.\d+)?))?")
PATH = re.compile(r"`((?:" + "|".join(FOLDERS) + r")/[\w/.-]*)`")


def pages() -> list[Path]:
    return [*ROOT.glob("*.md"), *DOCS.rglob("*.md")]


def citations() -> Iterator[tuple[str, str, str]]:
    """Place, book and section of every book that code, tests or books name."""
    files = [path for floor in FOLDERS for path in (ROOT / floor).rglob("*.py")]
    for path in [*files, *pages()]:
        if path.name in ("LOG.md", "CHANGELOG.md") or path == Path(__file__):
            continue
        for book, section in BOOK.findall(path.read_text()):
            yield path.relative_to(ROOT).as_posix(), f"{book}.md", section


def test_every_book_that_is_cited_is_there() -> None:
    known = {path.name for path in [*pages(), *(ROOT / "benchmarks").rglob("*.md")]}
    missing = {(place, book) for place, book, _ in citations() if book not in known}
    assert not missing


def test_every_section_that_is_cited_is_there() -> None:
    sections = {
        path.name: set(re.findall(r"^#+ (\d+(?:\.\d+)?)\b", path.read_text(), re.MULTILINE))
        for path in pages()
    }
    numbered = {book: found for book, found in sections.items() if found}
    missing = {
        (place, book, section)
        for place, book, section in citations()
        if section and book in numbered and section not in numbered[book]
    }
    assert not missing
    assert sum(bool(section) for _, _, section in citations()) > 40, "the sections are read at all"


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_every_path_that_a_book_names_is_there(page: Path) -> None:
    if page.name in ("LOG.md", "CHANGELOG.md"):
        return
    named = PATH.findall(page.read_text())
    assert [path for path in named if not (ROOT / path).exists()] == []


def rows_of(heading: str) -> dict[str, str]:
    """First and second cells of the table below a heading of formats.md."""
    text = (DOCS / "formats.md").read_text().split(heading)[1]
    table = text.split("\n#")[0]
    return dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", table, re.MULTILINE))


def test_the_tables_of_formats_are_the_records() -> None:
    result = rows_of("### tracks.npz")
    specs = array_specs(Controls)
    assert list(result) == list(specs)
    for name, spec in specs.items():
        shape = " ".join("T" if axis == "t" else axis for axis in spec.axes.names)
        kind = spec.dtype.name
        assert result[name] == f"{shape} {kind}".strip(), name
    columns = rows_of("## index.parquet")
    assert columns == {field.name: str(field.type) for field in schema_of(IndexRow)}
    table = "".join(
        f"| `{name}` | {columns[name]} | {unit} | {meaning} |\n" for name, (unit, meaning) in COLUMNS.items()
    )
    assert table in (DOCS / "formats.md").read_text()


def test_reasons_are_told_as_they_are() -> None:
    assert rows_of("## Reasons") == {reason: MEANINGS[reason] for reason in sorted(get_args(Reason))}
    assert set(MEANINGS) == set(get_args(Reason))
    assert list(get_args(Reason)) == sorted(get_args(Reason))


def test_every_reason_is_used() -> None:
    """A word that nothing says any more goes from the list."""
    text = "".join(
        path.read_text()
        for floor in FLOORS
        for path in (ROOT / floor).rglob("*.py")
        if path.name != "reasons.py"
    )
    assert [reason for reason in get_args(Reason) if f'"{reason}"' not in text] == []


def test_another_word_is_no_reason() -> None:
    with pytest.raises(ValueError, match="'odd' is no reason"):
        Rejected("odd")  # type: ignore[arg-type]


def test_ten_things_to_add_have_their_places() -> None:
    text = (DOCS / "map.md").read_text().split("## Where to put it")[1]
    rows = re.findall(r"^\| (an? [^|]+) \| ([^|]+) \|", text, re.MULTILINE)
    assert len(rows) == 10
    assert all(PATH.search(place) for _, place in rows)
