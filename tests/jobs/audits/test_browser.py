"""The page in a browser: light, dark, narrow, printed, by keyboard alone, and asking nothing of anybody."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from engine.core import Tally
from jobs.audits.findings import Finding, Plot
from jobs.audits.report import Audited, report
from jobs.audits.rules import read_rules
from jobs.audits.shots import address_of
from pipeline.measures.known import OWN
from tests.browser import Asked, answer, browser, visit

SECTIONS = ("rules", "funnel", "hours", "values", "worst", "estimators", "measures")
PAPER_PX = (1047, 718)
"""What A4 on its side holds within its margins of 10 mm, at 96 px an inch."""
LEAST_CONTRAST = 4.5
"""Of text against its ground: WCAG 2.2, level AA."""
LONG = "a_word_that_nobody_would_break_" * 4

CONTRASTS = """(() => {
  const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => {
    const [r, g, b] = parts(colour).slice(0, 3).map((c) => c / 255)
      .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (node) => {
    for (; node; node = node.parentElement) {
      const colour = getComputedStyle(node).backgroundColor;
      if (parts(colour)[3] !== 0) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const found = {};
  for (const node of document.body.querySelectorAll("*")) {
    const own = [...node.childNodes].some((one) => one.nodeType === 3 && one.textContent.trim());
    if (!own || !node.getClientRects().length) continue;
    const style = getComputedStyle(node), ink = node instanceof SVGElement ? style.fill : style.color;
    const [a, b] = [light(ink), light(ground(node))].sort((a, b) => b - a);
    found[`${node.nodeName} ${ink} on ${ground(node)}`] = (a + 0.05) / (b + 0.05);
  }
  return found;
})()"""
WIDER = """[...document.querySelectorAll("body *")]
  .filter((node) => node.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
  .map((node) => `${node.nodeName} ${node.textContent.slice(0, 40)}`)"""
HIDDEN = """[...document.querySelectorAll("td, pre, figure img")]
  .filter((node) => !node.checkVisibility({ contentVisibilityAuto: true }) || !node.getClientRects().length
                    || node.naturalWidth === 0)
  .map((node) => `${node.nodeName} ${node.textContent.slice(0, 40)}`)"""
CONTROLS = """(() => {
  const all = [...document.querySelectorAll("a[href], summary, thead th, button, input")];
  all.forEach((node, number) => { node.number = number; });
  return all.length;
})()"""
FOCUSED = """(() => {
  const node = document.activeElement, style = getComputedStyle(node), box = node.getBoundingClientRect();
  return { number: node.number ?? -1, ring: style.outlineStyle !== "none" && parseFloat(style.outlineWidth),
           seen: box.bottom > 0 && box.top < innerHeight };
})()"""
FIRST_TABLE = """(() => {
  const table = document.querySelector("#rules table"), head = table.querySelector("[aria-sort]");
  return [head?.textContent, head?.ariaSort, table.tBodies[0].rows[0].cells[0].textContent, scrollY];
})()"""
KEYS = {"Tab": (9, ""), "Enter": (13, "\r"), " ": (32, " ")}


@dataclass(frozen=True, kw_only=True)
class Looked:
    """What somebody who looked at the page found."""

    contrasts: dict[str, dict[str, float]]
    wider: dict[str, list[str]]
    hidden: list[str]
    controls: int
    stops: list[dict[str, Any]]
    sorted_by: list[list[Any]]
    opened: list[bool]
    went_to: list[Any]
    paper: bytes


def made_up() -> Audited:
    """A page with all that pages have: some of each rule's worst, long words, whatever a table may hold."""
    rules = read_rules(None)
    findings = [
        Finding(rule=one, asked=100, beyond=n % 4, worst=(("a-1", 9.0),) * (n % 4))
        for n, one in enumerate(rules)
    ]
    plots = [
        (Plot(title=one.id, query=f"select '{LONG}'", rows=((0.0, 5), (1.0, 9)), samples=14), 1.0)
        for one in rules
    ]
    tally = Tally(step="probe")
    tally.offered, tally.kept = 9, 7
    tally.reasons.update({"undecodable": 1, LONG: 1})
    estimator = dict.fromkeys(("role", "name", "version", "licence"), "one") | {"weights_sha256": "0" * 64}
    spread = Plot(title="framing", query="select 1", rows=((LONG, 1.0), ("half", 0.5)), samples=100)
    return Audited(
        name="a set",
        digest="0" * 64,
        samples=100,
        hours=1.5,
        tallies=(tally,),
        spreads=[spread],
        distributions=plots,
        findings=findings,
        estimators=(estimator,),
        measures=OWN,
        denied=3,
    )


async def press(ask: Asked, key: str) -> None:
    """Press a key and let it go."""
    code, text = KEYS[key]
    given = {"key": key, "windowsVirtualKeyCode": code}
    await ask("Input.dispatchKeyEvent", type="keyDown", text=text, **given)
    await ask("Input.dispatchKeyEvent", type="keyUp", **given)


async def window(ask: Asked, width: int, scheme: str = "light", media: str = "") -> None:
    """A window, or paper, so wide, for those who want it light or dark."""
    wanted = [{"name": "prefers-color-scheme", "value": scheme}]
    await ask("Emulation.setEmulatedMedia", media=media, features=wanted)
    size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    await ask("Emulation.setDeviceMetricsOverride", **size)


async def look(ask: Asked) -> Looked:
    """Look at the page in every way."""
    await window(ask, PAPER_PX[0], media="print")  # at once: whoever prints has not been down the page
    hidden, contrasts, wider = await answer(ask, HIDDEN), {}, {}
    contrasts["paper"], wider["paper"] = await answer(ask, CONTRASTS), await answer(ask, WIDER)
    for scheme in ("light", "dark"):
        await window(ask, 1100, scheme)
        contrasts[scheme] = await answer(ask, CONTRASTS)
    for width in (1100, 360):
        await window(ask, width)
        wider[f"{width}"] = await answer(ask, WIDER)
    await window(ask, 1100)
    return Looked(
        contrasts=contrasts,
        wider=wider,
        hidden=hidden,
        controls=(controls := await answer(ask, CONTROLS)),
        stops=[await stop(ask) for _ in range(controls)],
        opened=await opened(ask),
        sorted_by=await sorted_by(ask),
        went_to=await went_to(ask),
        paper=base64.b64decode((await ask("Page.printToPDF", preferCSSPageSize=True, **OUTLINE))["data"]),
    )


OUTLINE = {"generateDocumentOutline": True, "generateTaggedPDF": True}


async def stop(ask: Asked) -> dict[str, Any]:
    """Where the next press of the tabulator goes."""
    await press(ask, "Tab")
    found: dict[str, Any] = await answer(ask, FOCUSED)
    return found


async def opened(ask: Asked) -> list[bool]:
    """Whether a query is shown: before, after Enter on its summary, after Space."""
    found = []
    await answer(ask, "document.querySelector('summary').focus()")
    for key in ("", "Enter", " "):
        if key:
            await press(ask, key)
        found.append(await answer(ask, "document.querySelector('details').open"))
    return found


async def sorted_by(ask: Asked) -> list[list[Any]]:
    """How the first table is sorted: before, after Enter on its first heading, after Space."""
    found = []
    await answer(ask, "document.querySelector('#rules thead th').focus()")
    for key in ("", "Enter", " "):
        if key:
            await press(ask, key)
        found.append(await answer(ask, FIRST_TABLE))
    return found


async def went_to(ask: Asked) -> list[Any]:
    """Where Enter on the last link of the page's contents leads, and whether that is on the screen."""
    await answer(ask, "document.querySelector('nav a:last-child').focus()")
    await press(ask, "Enter")
    place = "[location.hash, document.querySelector(location.hash).getBoundingClientRect().top < innerHeight]"
    found: list[Any] = await answer(ask, place)
    return found


@pytest.fixture(scope="module")
def looked(tmp_path_factory: pytest.TempPathFactory) -> Looked:
    browser()  # without one none of this can be told
    path = tmp_path_factory.mktemp("page") / "index.html"
    picture = address_of(np.full((176, 117, 3), 90, np.uint8))
    path.write_text(report(made_up(), lambda *_: picture))
    found, errors = visit(path, look)
    assert errors == []  # and nothing was asked for from elsewhere
    return found


@pytest.mark.parametrize("where", ["light", "dark", "paper"])
def test_all_text_stands_out_from_its_ground(looked: Looked, where: str) -> None:
    found = looked.contrasts[where]
    assert len(found) > 8
    assert {text: round(much, 2) for text, much in found.items() if much < LEAST_CONTRAST} == {}


def test_light_is_light_and_dark_is_dark_and_paper_is_white(looked: Looked) -> None:
    grounds = {where: {text.split(" on ")[1] for text in found} for where, found in looked.contrasts.items()}
    assert grounds["light"] == grounds["paper"] != grounds["dark"]


@pytest.mark.parametrize("where", ["1100", "360", "paper"])
def test_nothing_is_wider_than_the_window_or_the_paper(looked: Looked, where: str) -> None:
    assert looked.wider[where] == []


def test_on_paper_all_cells_queries_and_pictures_are_shown(looked: Looked) -> None:
    assert looked.hidden == []


def test_the_printed_pages_lie_on_their_sides_and_hold_every_section(looked: Looked) -> None:
    pages = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", looked.paper)
    assert 5 <= len(pages) <= 30
    assert all(float(width) > float(height) for width, height in pages)
    titles = re.findall(rb"/Title \(([^)]*)\)", looked.paper)
    wanted = (b"Rules", b"From files to samples", b"Hours by", b"Distributions", b"The worst", b"Estimators")
    assert {*wanted, b"What is measured"} <= set(titles)
    assert looked.paper.count(b"/Subtype /Image") >= 1


def test_the_tabulator_stops_at_every_control_in_order_and_shows_where(looked: Looked) -> None:
    assert looked.controls > 50
    assert [one["number"] for one in looked.stops] == list(range(looked.controls))
    assert [one for one in looked.stops if not one["ring"] or one["ring"] < 2 or not one["seen"]] == []


def test_enter_and_space_open_sort_and_lead(looked: Looked) -> None:
    assert looked.opened == [False, True, False]
    names = sorted(one.id for one in read_rules(None))
    before, up, down = looked.sorted_by
    assert before[:2] == [None, None]
    assert up[:3] == ["rule", "ascending", names[0]]
    assert down[:3] == ["rule", "descending", names[-1]]
    assert up[3] == down[3]  # a space did not scroll
    assert looked.went_to == [f"#{SECTIONS[-1]}", True]
