"""Pictures of strangers: as shown, in bounds, or a reject."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.core import Rejected
from pipeline.media.stills import read_still

PICTURE = np.random.default_rng(1).integers(0, 255, (12, 20, 3), np.uint8)


def test_a_picture_comes_as_it_was_stored(tmp_path: Path) -> None:
    Image.fromarray(PICTURE).save(tmp_path / "p.png")
    assert np.array_equal(read_still(tmp_path / "p.png", max_pixels=240), PICTURE)


def test_a_turned_picture_comes_as_it_is_shown(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn clockwise
    Image.fromarray(PICTURE).save(tmp_path / "p.png", exif=exif)
    assert np.array_equal(read_still(tmp_path / "p.png", max_pixels=240), np.rot90(PICTURE, -1))


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "CMYK"])
def test_any_colours_become_rgb(tmp_path: Path, mode: str) -> None:
    Image.fromarray(PICTURE).convert(mode).save(tmp_path / "p.tiff")
    assert read_still(tmp_path / "p.tiff", max_pixels=240).shape == (12, 20, 3)


def test_sides_are_even(tmp_path: Path) -> None:
    Image.fromarray(PICTURE[:11, :19]).save(tmp_path / "p.png")
    assert np.array_equal(read_still(tmp_path / "p.png", max_pixels=240), PICTURE[:10, :18])


def test_a_picture_that_is_too_large_is_refused_by_its_header(tmp_path: Path) -> None:
    packed = io.BytesIO()
    Image.new("1", (8000, 8000)).save(packed, "PNG")
    (tmp_path / "p.png").write_bytes(packed.getvalue()[:60])  # there are no pixels to read
    with pytest.raises(Rejected, match="too_large: 8000x8000 px"):
        read_still(tmp_path / "p.png", max_pixels=4096 * 2304)


@pytest.mark.parametrize(
    "data", [b"", b"%!PS-Adobe-3.0 EPSF-3.0\n", b"<svg></svg>", b"\x89PNG\r\n\x1a\n junk"]
)
def test_what_is_no_picture_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "p.png").write_bytes(data)
    with pytest.raises(Rejected, match="unreadable"):
        read_still(tmp_path / "p.png", max_pixels=240)
    with pytest.raises(Rejected, match="unreadable"):
        read_still(tmp_path / "none.png", max_pixels=240)
