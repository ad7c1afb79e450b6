"""Pictures of strangers: as shown, in bounds, or a reject."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from media.stills import read_still
from schemas.outcome import Rejected

PICTURE = np.random.default_rng(1).integers(0, 255, (24, 40, 3), np.uint8)


def test_a_picture_comes_as_it_was_stored(tmp_path: Path) -> None:
    Image.fromarray(PICTURE).save(tmp_path / "p.png")
    assert np.array_equal(read_still(tmp_path / "p.png", max_pixels=960), PICTURE)


def test_a_turned_picture_comes_as_it_is_shown(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn clockwise
    Image.fromarray(PICTURE).save(tmp_path / "p.png", exif=exif)
    assert np.array_equal(read_still(tmp_path / "p.png", max_pixels=960), np.rot90(PICTURE, -1))


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "CMYK"])
def test_any_colours_become_rgb(tmp_path: Path, mode: str) -> None:
    Image.fromarray(PICTURE).convert(mode).save(tmp_path / "p.tiff")
    assert read_still(tmp_path / "p.tiff", max_pixels=960).shape == (24, 40, 3)


def test_sides_are_even(tmp_path: Path) -> None:
    Image.fromarray(PICTURE[:23, :39]).save(tmp_path / "p.png")
    assert np.array_equal(read_still(tmp_path / "p.png", max_pixels=960), PICTURE[:22, :38])


def test_a_picture_that_is_too_large_is_refused_by_its_header(tmp_path: Path) -> None:
    packed = io.BytesIO()
    Image.new("1", (12000, 12000)).save(packed, "PNG")
    (tmp_path / "p.png").write_bytes(packed.getvalue()[:60])  # there are no pixels to read
    with pytest.raises(Rejected, match="too_large: 12000x12000 px"):
        read_still(tmp_path / "p.png", max_pixels=4096 * 2304)


@pytest.mark.parametrize(
    "data", [b"", b"%!PS-Adobe-3.0 EPSF-3.0\n", b"<svg></svg>", b"\x89PNG\r\n\x1a\n junk"]
)
def test_what_is_no_picture_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "p.png").write_bytes(data)
    with pytest.raises(Rejected, match="unreadable"):
        read_still(tmp_path / "p.png", max_pixels=960)
    with pytest.raises(Rejected, match="unreadable"):
        read_still(tmp_path / "none.png", max_pixels=960)


@pytest.mark.parametrize("name", ["p.png", "p.jpg"])
def test_a_large_picture_is_shrunk(tmp_path: Path, name: str) -> None:
    """Of a turned file, so that the sides are those of the picture as shown."""
    exif = Image.Exif()
    exif[0x0112] = 6
    ticks = np.linspace(0, 255, 640)
    large = np.stack(np.broadcast_arrays(ticks, ticks[:480, None], 100.0), axis=-1).astype(np.uint8)
    Image.fromarray(large).save(tmp_path / name, exif=exif, quality=95)
    found = read_still(tmp_path / name, max_pixels=120 * 160)
    assert found.shape == (160, 120, 3)
    expected = np.rot90(large[2::4, 2::4], -1)
    assert np.abs(found.astype(int) - expected).mean() < 4


@pytest.mark.parametrize("name", ["p.gif", "p.png", "p.webp", "p.tiff"])
def test_a_file_of_several_pictures_is_refused(tmp_path: Path, name: str) -> None:
    pictures = [Image.fromarray(PICTURE), Image.fromarray(255 - PICTURE)]
    pictures[0].save(tmp_path / name, save_all=True, append_images=pictures[1:])
    with pytest.raises(Rejected, match="several_pictures: 2 in one file"):
        read_still(tmp_path / name, max_pixels=960)
    pictures[0].save(tmp_path / name)
    assert read_still(tmp_path / name, max_pixels=960).shape == (24, 40, 3)


def test_a_phones_picture_with_a_preview_is_read(tmp_path: Path) -> None:
    pictures = [Image.fromarray(PICTURE), Image.fromarray(255 - PICTURE)]
    pictures[0].save(tmp_path / "p.jpg", "MPO", save_all=True, append_images=pictures[1:])
    with Image.open(tmp_path / "p.jpg") as opened:
        assert opened.format == "MPO"
    assert read_still(tmp_path / "p.jpg", max_pixels=960).shape == (24, 40, 3)


def test_pixels_of_more_than_8_bits_are_refused_where_they_would_all_be_white(tmp_path: Path) -> None:
    Image.fromarray(PICTURE[..., 0].astype(np.uint16) * 257).save(tmp_path / "p.png")
    with pytest.raises(Rejected, match="unreadable: its pixels are of mode I;16"):
        read_still(tmp_path / "p.png", max_pixels=960)


def test_a_picture_that_shows_nothing_for_its_size_is_refused(tmp_path: Path) -> None:
    Image.fromarray(PICTURE[:15]).save(tmp_path / "p.png")
    with pytest.raises(Rejected, match="too_small: 40x15 px; at least 16 a side"):
        read_still(tmp_path / "p.png", max_pixels=960)
