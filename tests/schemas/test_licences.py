"""What licences allow, by their names."""

from __future__ import annotations

import pytest

from schemas.licences import narrowest, usage_of


@pytest.mark.parametrize(
    ("licence", "usage"),
    [
        ("CC0-1.0", "commercial"),
        ("cc0", "commercial"),
        ("CC-BY-4.0", "commercial"),
        ("CC BY SA 3.0", "commercial"),
        ("Apache-2.0", "commercial"),
        ("BSD-3-Clause", "commercial"),
        ("MIT (code), none needed (weights)", "commercial"),
        ("none needed", "commercial"),
        ("commercial", "commercial"),
        ("CC-BY-NC-4.0", "research"),
        ("CC-BY-NC-SA-4.0", "research"),
        ("non-commercial", "research"),
        ("Noncommercial use", "research"),
        ("MIT (code), research only (weights)", "research"),
        ("MIT AND CC-BY-NC-4.0", "research"),
        ("MIT (code); weights and SMPL for research alone", "research"),
        ("CC-BY-ND-4.0", "unknown"),
        ("CC-BY-NC-ND-4.0", "unknown"),
        ("MIT (code), the publisher's (weights)", "unknown"),
        ("unknown", "unknown"),
        ("", "unknown"),
        ("MITRE terms", "unknown"),
        ("uncommercial", "unknown"),
    ],
)
def test_a_name_tells_what_is_allowed(licence: str, usage: str) -> None:
    assert usage_of(licence) == usage


def test_what_is_unknown_is_narrowest() -> None:
    assert narrowest(["commercial", "research"]) == "research"
    assert narrowest(["research", "unknown", "commercial"]) == "unknown"
    assert narrowest(["commercial"]) == "commercial"
