"""What a page tells beside its numbers."""

from __future__ import annotations

from dataclasses import replace

from engine.made_by import version_of
from jobs.evaluation.manifest import Decoding
from jobs.evaluation.report import other_decoder
from tests.jobs.evaluation.test_results import manifest


def test_another_version_of_what_decodes_is_told() -> None:
    found = manifest("a")
    (told,) = other_decoder(replace(found, decode=Decoding(version="1.2")))
    assert f"decoded by PyAV {version_of('av')}, and the manifest names 1.2" in told
    assert list(other_decoder(replace(found, decode=Decoding(version=version_of("av") or "")))) == []
