"""Pages hold what they are given, escaped, and fetch nothing."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import numpy as np

from jobs.pages.charts import bars, lines
from jobs.pages.document import document, listed, paragraph, section
from jobs.pages.tables import Cell, row, table

HOSTILE = "<script>alert(1)</script>\"'&"


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def tags(html: str) -> list[tuple[str, dict[str, str | None]]]:
    parser = Tags()
    parser.feed(html)
    return parser.found


def test_what_is_shown_is_escaped_and_nothing_is_fetched() -> None:
    cells = row(HOSTILE, Cell(text=HOSTILE, note=HOSTILE, tooltip=HOSTILE, order=HOSTILE))
    chart = lines(HOSTILE, {HOSTILE: np.arange(3.0)}, below=HOSTILE) + bars(
        HOSTILE, np.arange(3.0), below=HOSTILE
    )
    parts = [section(HOSTILE, paragraph(HOSTILE), listed([HOSTILE]), table(cells, [cells], HOSTILE), chart)]
    page = document(HOSTILE, parts)
    found = tags(page)
    assert [tag for tag, _ in found].count("script") == 1
    assert not [attrs for _, attrs in found for name in ("src", "href") if attrs.get(name)]
    assert "default-src 'none'" in page
    assert not re.search(r"url\(|@import|https?://", page)


def test_cells_are_sorted_by_what_they_stand_for() -> None:
    found = tags(table(["name", "value"], [["a", Cell(text="1.00 dB", order=1.0, kind="best")]]))
    cells = [attrs for tag, attrs in found if tag == "td"]
    assert [(cell["data-order"], cell["class"]) for cell in cells] == [("1.0", "best")]


def test_a_curve_goes_from_end_to_end_and_is_lifted_where_it_has_no_value() -> None:
    drawn = lines("psnr", {"ours": np.array([0.0, 1.0, np.nan, 1.0, 0.0])}, below="frames")
    (stroke,) = re.findall(r'class="line s0" d="([^"]*)"', drawn)
    assert stroke == "M44.0 102.0L112.5 14.0M249.5 14.0L318.0 102.0"
    assert lines("nothing", {"ours": np.full(3, np.nan)}, below="frames") == ""
    assert "5 frames" in drawn


def test_bars_are_as_many_as_values_and_a_threshold_is_drawn() -> None:
    drawn = bars("blur", np.array([0.0, 0.0, 1.0]), below="px", limit=0.5, bins=2)
    heights = [float(height) for height in re.findall(r'height="([\d.]+)"/>', drawn)]
    assert heights == [88.0, 44.0]
    assert 'class="limit" x1="182.0"' in drawn
    assert "n = 3" in drawn
