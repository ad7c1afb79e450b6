"""From a finished run to one that speaks, and a picture that speaks by a real sound."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from jobs.animation.drives import spoken, standing
from jobs.animation.people import PersonReader
from jobs.cli import main
from media.voice import Voice, voice_of
from model.train import checkpoint as saved
from pipeline.backends import Backends
from tests.films import ffmpeg
from tests.jobs.commands.test_animate import QUICK, facts
from tests.trained import train_on_all


@pytest.fixture(scope="module")
def speaking(short_run: Path, data_set: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run, gone on to speech by the command that a user would give."""
    out = tmp_path_factory.mktemp("speaking") / "run"
    shutil.copytree(short_run, out)
    more = ("--recipe", "speech_tiny", "--settings.phases.3.steps", "2")
    train_on_all(data_set, out, *more)
    return out


@pytest.fixture(scope="module")
def talk(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a woman says, as a sound file."""
    file = tmp_path_factory.mktemp("sound") / "talk.wav"
    ffmpeg("-i", corpus / "clips" / "talk_08_grid_woman.mpg", "-vn", file)
    return file


def command(run: Path, corpus: Path, out: Path, *more: object) -> list[str]:
    portrait = corpus / "images" / "img_08_man_portrait.jpg"
    files = ("--reference", portrait, "--out", out, *more)
    return ["animate", "--run", str(run), *map(str, files), *QUICK]


def test_only_the_added_stage_is_trained(short_run: Path, speaking: Path) -> None:
    names = [folder.name for folder in saved.checkpoints(speaking)]
    assert names == [*(folder.name for folder in saved.checkpoints(short_run)), "4-000002"]


def test_a_portrait_speaks(speaking: Path, corpus: Path, talk: Path, tmp_path: Path, capsys) -> None:
    out = tmp_path / "out.mp4"
    assert main(command(speaking, corpus, out, "--speech", talk)) == 0
    made = facts(out)
    with voice_of(talk) as given, voice_of(out) as heard:
        assert f"{given.num_frames} frames of" in capsys.readouterr().out
        assert made.num_frames == given.num_frames
        one, other = (voice.samples[:40_000].astype(float) for voice in (given, heard))
        assert np.corrcoef(one, other)[0, 1] > 0.9  # in step to the sample, or it would be near 0


def test_a_video_gives_the_body_and_the_speech_the_mouth(
    speaking: Path, corpus: Path, talk: Path, tmp_path: Path
) -> None:
    driving = ("--driving", corpus / "clips" / "talk_09_woman_head_turns.gif", "--speech", talk)
    out = tmp_path / "out.mp4"
    assert main(command(speaking, corpus, out, *driving, "--speaks", "face")) == 0
    assert facts(out).num_frames > 70  # as long as the speech, not the video
    assert facts(out).has_audio


def test_what_cannot_speak_is_one_sentence(
    short_run: Path, speaking: Path, corpus: Path, talk: Path, tmp_path: Path, capsys
) -> None:
    out = tmp_path / "out.mp4"

    def sentence(*args: str) -> str:
        assert main(list(args)) == 2
        assert not out.exists()
        err: str = capsys.readouterr().err
        return err

    assert "has not learned to speak" in sentence(*command(short_run, corpus, out, "--speech", talk))
    assert "something to play is needed" in sentence(*command(speaking, corpus, out))
    assert "are those of a driver: --driving VIDEO" in sentence(
        *command(speaking, corpus, out, "--speech", talk, "--second-pass")
    )
    assert "MANIFEST.csv: " in sentence(*command(speaking, corpus, out, "--speech", corpus / "MANIFEST.csv"))
    mute = corpus / "clips" / "half_05_sign_football.mp4"
    assert "half_05_sign_football.mp4: no_sound" in sentence(
        *command(speaking, corpus, out, "--speech", mute)
    )
    assert "none.wav: unreadable" in sentence(
        *command(speaking, corpus, out, "--speech", tmp_path / "none.wav")
    )
    assert "no checkpoint of a run" in sentence(*command(tmp_path, corpus, out, "--speech", talk))


def test_a_still_drive_shows_the_picture_and_needs_a_face(corpus: Path) -> None:
    people = PersonReader.of(Backends(), 24_576)
    picture, person = people.picture(corpus / "images" / "img_08_man_portrait.jpg")
    act = standing(picture, person)
    stretch = act.drive(np.zeros(3, np.int64))
    assert stretch.seen.tolist() == [True] * 3
    assert stretch.maps.shape == (6, 3, person.height, person.width)
    assert stretch.maps.any()
    assert (stretch.faces[0] == stretch.faces[2]).all()
    left, top, right, bottom = person.controls.face_box[12].round().astype(int)
    mean = picture[max(top, 0) : bottom, max(left, 0) : right].mean() / 127.5 - 1
    assert float(stretch.faces[0].mean()) == pytest.approx(mean, abs=0.05)
    voice = Voice(path=Path("a"), container="wav", samples=np.zeros(32_000, np.int16))
    assert spoken(act, voice, "mouth").frames == 48
    with pytest.raises(ValueError, match="no face is seen, so a speech would move nothing"):
        spoken(replace(act, shows_face=False), voice, "mouth")
