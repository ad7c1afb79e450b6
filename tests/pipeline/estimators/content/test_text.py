"""Text in real pictures: a watermark, words on things, and pictures in which the detector alone sees text."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from media.decode import decode_frames
from pipeline.estimators.content.text import TextReader, num_characters
from tests.films import probed

Picture = NDArray[np.uint8]


@pytest.fixture(scope="module")
def reader() -> TextReader:
    pytest.importorskip("rapidocr")
    return TextReader(0.6)


def first_frame(path: Path) -> Picture:
    return np.squeeze(decode_frames(probed(path), [0]), axis=0)


def test_a_watermark_is_read_in_silence(
    reader: TextReader, corpus: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = first_frame(corpus / "clips" / "half_05_sign_football.mp4")
    assert 0.009 < reader(picture) < 0.013  # two words of a corner
    assert reader(picture[picture.shape[0] // 2 :]) == 0
    monkeypatch.setattr(reader, "min_confidence", 0.995)
    assert reader(picture) == 0
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", ["half_02_sign_book.mkv", "talk_01_man_green_backdrop.mp4"])
def test_a_person_is_no_character(reader: TextReader, corpus: Path, name: str) -> None:
    assert reader(first_frame(corpus / "clips" / name)) == 0


def test_characters_are_letters_and_digits_of_any_script() -> None:
    assert [num_characters(text) for text in ("", " -.", "公", "a-1", "小鸭")] == [0, 0, 1, 2, 2]
