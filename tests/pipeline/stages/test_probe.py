from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.stages.probe import Probe, ProbeSettings
from schemas.outcome import Rejected
from tests.films import HEIGHT, WIDTH, film, numbered, source_of


def test_a_source_becomes_one_probed(tmp_path: Path) -> None:
    source = source_of(film(tmp_path / "a.mp4", numbered(30)))
    (video,) = Probe(ProbeSettings())(source)
    assert video.source is source
    assert (video.width, video.height, video.num_frames) == (WIDTH, HEIGHT, 30)


def test_the_settings_bound_what_is_read(tmp_path: Path) -> None:
    source = source_of(film(tmp_path / "a.mp4", numbered(30)))
    with pytest.raises(Rejected, match="too_large"):
        list(Probe(ProbeSettings(max_source_pixels=1000))(source))
    with pytest.raises(Rejected, match="too_long"):
        list(Probe(ProbeSettings(max_duration_s=1.0))(source))
