"""The person of a picture or a video, found by the pipeline's own steps; nobody's work is mocked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from jobs.animation.people import PersonReader, VideoDrive, figure_of, on_canvas
from media.decode import decode
from media.encode import VideoSettings, write_video
from media.resample import crop_squares, resample, resample_one
from media.stills import read_still
from model.data.batch import as_input, as_unit
from model.sample.retarget import retarget
from pipeline.backends import Backends
from schemas.drawing import draw_skeleton, draw_spheres
from schemas.landmarks import face_points
from schemas.sample import FACE_SIZE

AREA = 24_576


@pytest.fixture(scope="module")
def people() -> PersonReader:
    return PersonReader.of(Backends(), AREA)


def test_a_picture_and_a_video_of_people(people: PersonReader, corpus: Path) -> None:
    picture, person = people.picture(corpus / "images" / "img_11_man_full_body.png")
    driver = people.video(corpus / "clips" / "half_05_sign_football.mp4")
    assert person.width * person.height <= AREA
    assert picture.shape[0] / picture.shape[1] == pytest.approx(person.height / person.width, rel=0.05)
    assert driver.clip.num_frames > 25
    lying = on_canvas(picture, person.width, person.height)
    assert lying.shape == (person.height, person.width, 3)
    controls = retarget(figure_of(driver), figure_of(person))
    drive = VideoDrive(driver=driver, controls=controls, width=person.width, height=person.height)
    numbers = np.array([5, 6, 7, 6, 5])
    stretch = drive(numbers)
    size = person.width, person.height
    skeleton, sphere = draw_skeleton(controls, *size)[numbers], draw_spheres(controls, *size)[numbers]
    assert torch.equal(stretch.maps[:3], as_unit(torch.from_numpy(skeleton)))
    assert torch.equal(stretch.maps[3:], as_unit(torch.from_numpy(sphere)))
    (frames,) = decode(driver.clip.video, driver.clip.first_frame + 5, 3, window=3)
    own = driver.controls
    crops = crop_squares(frames, own.face_box[5:8], own.face_valid[5:8], FACE_SIZE)[numbers - 5]
    assert torch.equal(stretch.faces, as_input(torch.from_numpy(crops)).transpose(0, 1))
    points = face_points(own, driver.to_canvas, driver.width, driver.height)
    assert torch.equal(stretch.points, torch.from_numpy(points[numbers]))
    assert stretch.seen.tolist() == own.face_valid[numbers].tolist()


def test_a_reference_lies_on_the_canvas_as_in_training(people: PersonReader, corpus: Path) -> None:
    picture, person = people.picture(corpus / "images" / "img_08_man_portrait.jpg")
    expected = resample(picture[None], person.to_canvas, person.width, person.height)[0]
    assert np.array_equal(on_canvas(picture, person.width, person.height), expected)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "images/img_12_hats_no_person.png",
            "img_12_hats_no_person.png: nobody: no person is seen in the picture$",
        ),
        ("MANIFEST.csv", "MANIFEST.csv: unreadable"),
        ("images/none.png", "none.png: unreadable"),
        ("clips/talk_09_woman_head_turns.gif", "talk_09_woman_head_turns.gif: several_pictures: 23 in one"),
    ],
)
def test_a_picture_that_cannot_be_used_is_said(
    people: PersonReader, corpus: Path, name: str, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        people.picture(corpus / name)


@pytest.mark.parametrize("name", ["MANIFEST.csv", "clips/none.mp4"])
def test_what_is_no_video_is_said(people: PersonReader, corpus: Path, name: str) -> None:
    with pytest.raises(ValueError, match=f"{Path(name).name}: "):
        people.video(corpus / name)


@pytest.mark.parametrize(("frames", "message"), [(30, "nobody: "), (20, "too_short: 20 frames")])
def test_a_video_that_the_pipeline_rejects_is_said(
    people: PersonReader, tmp_path: Path, frames: int, message: str
) -> None:
    film = tmp_path / "black.mp4"
    write_video(film, iter([np.zeros((frames, 96, 64, 3), np.uint8)]), VideoSettings())
    with pytest.raises(ValueError, match=f"black.mp4: {message}"):
        people.video(film)


def test_of_two_people_in_a_picture_the_larger_is_taken_and_that_is_said(
    people: PersonReader, corpus: Path, tmp_path: Path
) -> None:
    one = read_still(corpus / "images" / "img_11_man_full_body.png", max_pixels=512 * 512)
    height, width = (side // 2 * 2 for side in one.shape[:2])
    one, two = one[:height, :width], np.full((height, width, 3), 127, np.uint8)
    small = resample_one(one, np.array([[0.7, 0, 0], [0, 0.7, 0.3 * height]]), width, height)
    two[int(0.3 * height) :] = small[int(0.3 * height) :]
    Image.fromarray(np.concatenate([one, two], axis=1)).save(tmp_path / "two.png")
    with pytest.raises(ValueError, match="several people are seen in the picture"):
        people.picture(tmp_path / "two.png")
    said: list[str] = []
    cut, person = people.foremost(tmp_path / "two.png", said.append)
    assert "several people are seen; the largest is taken" in said[0]
    assert cut.shape[0] >= 0.9 * height
    assert cut.shape[1] < 1.2 * width
    assert person.framing == "full"
    people.foremost(corpus / "images" / "img_08_man_portrait.jpg", said.append)
    assert len(said) == 1


def test_of_a_film_with_a_cut_the_longest_shot_is_played(people: PersonReader, shared: Path) -> None:
    driver = people.video(shared / "cases" / "animate_driver_with_a_cut_between_two_people.mp4")
    assert (driver.clip.first_frame, driver.clip.num_frames) == (0, 37)
