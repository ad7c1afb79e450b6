"""`understudy animate` as a user calls it, on a run of seconds, a real picture and a real video."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import av
import c2pa
import numpy as np
import pytest
from torch import Tensor

from jobs.animation import performer
from jobs.animation.atlas_files import read_atlas
from jobs.cli import main
from jobs.commands.animate import parse
from media.probe import probe
from model.sample.pixels import Pictures, pictures_of, references_of
from model.train import checkpoint as saved
from schemas.media import Probed, Source
from schemas.origin import Origin
from tests.films import ffmpeg
from tests.signing import write_signer

QUICK = ("--sampler.steps", "1", *(f"--sampler.{weight}=1" for weight in ("references", "pose", "face")))


def command(run: Path, corpus: Path, out: Path, *more: str) -> list[str]:
    reference, driving = (
        corpus / "images" / "img_11_man_full_body.png",
        corpus / "clips" / "talk_07_grid_man.mpg",
    )
    files = ("--reference", str(reference), "--driving", str(driving), "--out", str(out))
    return ["animate", "--run", str(run), *files, *QUICK, *more]


def facts(path: Path) -> Probed:
    data = path.read_bytes()
    sha256 = hashlib.sha256(data).hexdigest()
    source = Source(key=sha256[:12], uri=str(path), sha256=sha256, num_bytes=len(data), origin=Origin())
    return probe(source, max_pixels=2**22, max_duration_s=60, max_pixel_stretch=0.1)


def streams(path: Path) -> list[bytes]:
    """The packets of a film, which a signature leaves as they are."""
    with av.open(str(path)) as film:
        return [bytes(packet) for packet in film.demux()]


def test_a_picture_moves_and_sounds_as_the_video_does(
    short_run: Path, corpus: Path, tmp_path: Path, capsys
) -> None:
    one, again = (tmp_path / "out" / f"{name}.mp4" for name in ("one", "again"))
    begin = tmp_path / "begin.mpg"
    ffmpeg("-i", corpus / "clips" / "talk_07_grid_man.mpg", "-t", 1.3, "-c", "copy", begin)
    driving = ("--driving", str(begin))
    assert main([*command(short_run, corpus, one), *driving]) == 0
    output = capsys.readouterr().out
    assert f"{short_run}: has learned for " in output
    assert "segment 1 of 1" in output
    made = facts(one)
    assert made.has_audio
    assert f"{made.num_frames} frames of {made.width}x{made.height} px" in output
    assert 28 <= made.num_frames <= 33
    assert made.width * made.height <= 96 * 144
    chain, key = write_signer(tmp_path)
    signed = ("--c2pa-certificates", str(chain), "--c2pa-key", str(key))
    assert main([*command(short_run, corpus, again, *signed), *driving]) == 0
    assert streams(again) == streams(one)
    assert c2pa.Reader(str(again)).get_validation_state() == "Valid"
    assert sorted(path.name for path in one.parent.iterdir()) == ["again.mp4", "one.mp4"]


def test_a_second_pass_looks_at_the_frames_of_the_first(
    short_run: Path, corpus: Path, tmp_path: Path, capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A woman turns her head; what is encoded as references, and what is made, is written down."""
    given: list[Pictures] = []
    made: list[Pictures] = []

    def references(pictures: Pictures, *rest: Any) -> Tensor:
        given.append(pictures)
        return references_of(pictures, *rest)

    def pictures(video: Tensor) -> Pictures:
        made.append(pictures_of(video))
        return made[-1]

    monkeypatch.setattr(performer, "references_of", references)
    monkeypatch.setattr(performer, "pictures_of", pictures)
    turning = ("--driving", str(corpus / "clips" / "talk_09_woman_head_turns.gif"), "--second-pass")
    portrait = ("--reference", str(corpus / "images" / "img_08_man_portrait.jpg"))
    one, other, atlas = tmp_path / "one.mp4", tmp_path / "other.mp4", tmp_path / "person.atlas"
    assert main([*command(short_run, corpus, one), *turning, *portrait, "--save-atlas", str(atlas)]) == 0
    views = read_atlas(atlas)
    assert not views[[view.made for view in views].index(False)].source.endswith("gif")
    first, second = given
    assert (len(first), len(second)) == (1, 4)
    assert np.array_equal(second[0], first[0])
    output = [line for line in capsys.readouterr().out.splitlines() if line.startswith("second pass: frame")]
    numbers = [int(line.split()[3]) for line in output]
    assert np.array_equal(second[1:], made[0][numbers]), "a short drive is made whole"
    assert [any(why in line for line in output) for why in ("yaw_max", "yaw_min", "yaw_median")] == [True] * 3
    yaws = [float(line.split("yaw ")[1].split()[0]) for line in output]
    assert max(yaws) - min(yaws) > 40
    assert facts(one).num_frames == len(made[0]) == len(made[1])
    capsys.readouterr()
    assert main([*command(short_run, corpus, other), *turning[:2], *portrait, "--atlas", str(atlas)]) == 0
    assert "atlas" in capsys.readouterr().out
    assert len(given[-1]) > 1, "views of the atlas stand beside the picture"


def test_what_cannot_be_used_is_one_sentence(short_run: Path, corpus: Path, tmp_path: Path, capsys) -> None:
    out = tmp_path / "out.mp4"

    def sentence(*args: str) -> str:
        assert main(list(args)) == 2
        assert not out.exists()
        err: str = capsys.readouterr().err
        return err

    assert "would be written over what it is made from" in sentence(
        *command(short_run, corpus, out), "--driving", str(out)
    )
    assert "a folder; --out names the video" in sentence(*command(short_run, corpus, tmp_path))
    assert "both --c2pa-certificates and --c2pa-key" in sentence(
        *command(short_run, corpus, out), "--c2pa-key", "key.pem"
    )
    assert "at least one step, not in 0" in sentence(*command(short_run, corpus, out), "--sampler.steps", "0")
    assert "no checkpoint of a run" in sentence(*command(tmp_path / "none", corpus, out))
    gif = command(short_run, corpus, out.with_suffix(".gif"))
    assert "out.gif: an MP4 is written: name it so" in sentence(*gif)
    assert "img_12_hats_no_person.png: nobody: no person is seen in the picture" in sentence(
        *command(short_run, corpus, out), "--reference", str(corpus / "images" / "img_12_hats_no_person.png")
    )
    assert "MANIFEST.csv: " in sentence(
        *command(short_run, corpus, out), "--driving", str(corpus / "MANIFEST.csv")
    )
    many = [str(corpus / "images" / f"img_0{n}_man_portrait.jpg") for n in (8, 8, 8, 8)]
    assert "up to 4 in all, and 4 are given" in sentence(
        *command(short_run, corpus, out, "--second-pass"), "--reference", *many
    )
    copied = tmp_path / "copied"
    shutil.copytree(short_run, copied)
    (copied / "codec.npz").rename(tmp_path / "codec.npz")
    assert "codec.npz: not a patch codec" in sentence(*command(copied, corpus, out))
    (tmp_path / "codec.npz").rename(copied / "codec.npz")
    state = saved.checkpoints(copied)[-1] / "state.json"
    content = json.loads(state.read_text())
    del content["settings"]["sizes"]["width"]
    state.write_text(json.dumps(content))
    assert "sizes.width: Field required" in sentence(*command(copied, corpus, out))


def test_several_pictures_can_be_given(corpus: Path) -> None:
    job = parse([*command(Path("run"), corpus, Path("out"))[1:], "--reference", "a.png", "b.png"])
    assert job.reference == (Path("a.png"), Path("b.png"))
