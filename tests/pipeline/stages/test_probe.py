from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.stages.probe import Probe, ProbeSettings
from schemas.origin import Lens, Origin
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


@pytest.mark.parametrize(
    ("lens", "fits"),
    [
        ((WIDTH, WIDTH / 2, HEIGHT / 2), True),
        ((WIDTH, 0.0, HEIGHT - 1.0), True),
        ((WIDTH, WIDTH + 5.0, HEIGHT / 2), False),
        ((WIDTH, WIDTH / 2, -1.0), False),
        ((0.1 * WIDTH, WIDTH / 2, HEIGHT / 2), False),
        ((21.0 * max(WIDTH, HEIGHT), WIDTH / 2, HEIGHT / 2), False),
    ],
)
def test_a_camera_that_does_not_fit_its_pictures(
    lens: tuple[float, float, float], fits: bool, tmp_path: Path
) -> None:
    focal_px, x, y = lens
    told = Origin(lens=Lens(focal_px=float(focal_px), principal_x=x, principal_y=y))
    source = replace(source_of(film(tmp_path / "a.mp4", numbered(30))), origin=told)
    if fits:
        assert list(Probe(ProbeSettings())(source))
        return
    with pytest.raises(Rejected, match=r"wrong_camera: a focal length of .* in pictures of"):
        list(Probe(ProbeSettings())(source))
