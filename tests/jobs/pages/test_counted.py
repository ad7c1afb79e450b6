"""Pages show what is hostile and obey nothing; charts say in words what they show."""

from __future__ import annotations

import json
import re

from jobs.pages.counted import bars, figure, histogram
from jobs.pages.parts import card, links, numbers, text

EVIL = "</script><script>alert(1)</script>\x1b[31m\u202e"


def test_hostile_text_stays_text() -> None:
    assert "<" not in text(EVIL)
    assert "\x1b" not in text(EVIL)
    told = numbers({"name": EVIL})
    assert told.count("</script>") == 1
    found = re.search(r'id="data">(.*?)</script>', told)
    assert found is not None
    assert json.loads(found[1]) == {"name": EVIL}
    assert links([("one", EVIL)]).count("<") == 4


def test_the_longest_bar_is_the_most_and_every_number_is_written() -> None:
    drawn = bars([("half", 2.0), ("full", 1.0)], "hours")
    widths = [float(width) for width in re.findall(r'class="bar"[^>]* width="([0-9.]+)"', drawn)]
    assert widths[0] == 2 * widths[1]
    assert "hours: half 2, full 1" in drawn
    assert bars([], "hours").startswith("<svg")


def test_columns_beyond_a_bound_are_marked_and_the_bound_is_drawn_between() -> None:
    drawn = histogram([(0.0, 4), (1.0, 2), (2.0, 1)], 1.0, (2.0,), [False, False, True])
    kinds = re.findall(r'<rect class="(\w+)"', drawn)
    assert kinds == ["bar", "bar", "beyond"]
    heights = [float(height) for height in re.findall(r'height="([0-9.]+)"><title>', drawn)]
    assert heights == [130.0, 65.0, 32.5]
    at = float(re.findall(r'class="limit" x1="([0-9.]+)"', drawn)[0])
    left = [float(x) for x in re.findall(r'<rect class="\w+" x="([0-9.]+)"', drawn)]
    assert at == left[2]
    assert "tallest: 4" in drawn
    assert "nothing was measured" in histogram([], 0.0, (), [])


def test_numbers_are_short_and_a_query_stands_by_its_plot() -> None:
    assert [figure(value) for value in (3.0, 0.12345, 12345.6)] == ["3", "0.123", "12,346"]
    assert "select &lt;1" in card("a", "b", "", "select <1")
