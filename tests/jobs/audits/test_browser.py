"""The page in a browser: dark, narrow, printed, by keyboard, and asking nothing of anybody."""

from __future__ import annotations

import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest

from jobs.audits.findings import Finding, Plot
from jobs.audits.report import Audited, report
from jobs.audits.rules import read_rules
from pipeline.measures.known import OWN
from tests.browser import browser

HEADLESS = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--virtual-time-budget=2000")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    browser()  # without one none of this can be told
    rules = read_rules(None)
    findings = [
        Finding(rule=one, asked=100, beyond=n % 4, worst=(("a-1", 9.0),) * (n % 4))
        for n, one in enumerate(rules)
    ]
    plots = [
        (Plot(title=one.id, query="select 1", rows=((0.0, 5), (1.0, 9)), samples=14), 1.0) for one in rules
    ]
    audited = Audited(
        name="a set",
        digest="0" * 64,
        samples=100,
        hours=1.5,
        tallies=(),
        spreads=[Plot(title="framing", query="select 1", rows=(("full", 1.0), ("half", 0.5)), samples=100)],
        distributions=plots,
        findings=findings,
        estimators=(),
        measures=OWN,
        denied=3,
    )
    path = tmp_path_factory.mktemp("page") / "index.html"
    path.write_text(report(audited, lambda _: None))
    return path


def browse(page: Path, *flags: str) -> str:
    command = [browser(), *HEADLESS, f"--user-data-dir={page.parent / 'profile'}", *flags, page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    return done.stdout + done.stderr


def shot(page: Path, width: int, *flags: str) -> np.ndarray:
    path = page.with_name(f"{width}.png")
    browse(page, f"--window-size={width},1600", f"--screenshot={path}", *flags)
    return np.asarray(cv2.imread(str(path)))


def test_light_and_dark_are_legible(page: Path) -> None:
    light, dark = shot(page, 1100), shot(page, 1100, "--blink-settings=preferredColorScheme=0")
    assert light[-5:, :5].mean() > 240
    assert dark[-5:, :5].mean() < 60
    for picture in (light, dark):
        assert picture.std() > 15


def test_nothing_is_wider_than_a_narrow_window(page: Path) -> None:
    probe = page.with_name("narrow.html")
    asks = "<script>document.title = document.documentElement.scrollWidth</script></body>"
    probe.write_text(page.read_text().replace("</body>", asks))
    dom = browse(probe, "--window-size=500,900", "--dump-dom")
    assert int(dom.split("<title>")[1].split("<")[0]) <= 500


def test_it_prints(page: Path) -> None:
    path = page.with_name("page.pdf")
    browse(page, f"--print-to-pdf={path}")
    assert path.read_bytes().startswith(b"%PDF")


def test_every_stop_of_the_tabulator_can_be_seen_and_reached(page: Path) -> None:
    text = page.read_text()
    assert ":focus-visible" in text
    assert text.count("<details>") == text.count("<summary>")
    for key in ("rules", "funnel", "hours", "values", "worst", "estimators", "measures"):
        assert f'href="#{key}"' in text
        assert f'id="{key}"' in text
