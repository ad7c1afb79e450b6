"""What a page tells beside its numbers: the paper's tables with what they do not say, and what decoded."""

from __future__ import annotations

import html
from dataclasses import replace

import pytest

from engine.made_by import version_of
from jobs.evaluation.latex import latex
from jobs.evaluation.manifest import Decoding
from jobs.evaluation.outcome import Outcome
from jobs.evaluation.report import other_decoder, paper_section
from jobs.recipes.evaluation import TABLES
from model.eval.summary import Number
from tests.jobs.evaluation.test_results import manifest


@pytest.mark.parametrize("name", TABLES)
def test_the_papers_table_has_its_rows_ours_below_and_what_it_does_not_say(name: str) -> None:
    paper = TABLES[name]
    numbers = {
        "psnr": Number(value=20.0, n=3, low=19.0, high=21.0),
        "fid_tf": Number(value=None, n=9, withheld="too few"),
    }
    outcome = Outcome(numbers={"ours": numbers, "driving": {}}, values={}, missing=[], losses={})
    page, text = html.unescape(paper_section(paper, outcome)), latex(outcome, paper, "0123")
    for method, values in paper.printed.items():
        assert page.index(method) < page.index("ours")
        assert text.index(f"{method} (as printed)") < text.index("\nours & ")
        assert all(f">{value:g}<" in page and f" {value:g} " in text for value in values)
    assert all(unknown in page for unknown in paper.unknown)
    assert "19 to 21, n = 3" in page
    assert "too few" in page
    assert r"\nours & -- & -- & 20.0000 & -- & -- \\".replace(r"\n", "\n") in text
    assert r"\scriptsize withheld, $n$ = 9 &  & \scriptsize 19.0000 to 21.0000, $n$ = 3" in text


def test_another_version_of_what_decodes_is_told() -> None:
    found = manifest("a")
    (told,) = other_decoder(replace(found, decode=Decoding(version="1.2")))
    assert f"decoded by PyAV {version_of('av')}, and the manifest names 1.2" in told
    assert list(other_decoder(replace(found, decode=Decoding(version=version_of("av") or "")))) == []
