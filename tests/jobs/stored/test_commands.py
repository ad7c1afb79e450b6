"""Flags of commands as a run writes them, and as `--config` takes them up again."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from dataset.names import NEXT, RUN
from jobs.commands import animate, encode, evaluate_render, evaluate_score
from jobs.long_run import LongRun
from jobs.stored.commands import HOW, from_anywhere, save_flags
from jobs.stored.evaluations import remember
from jobs.stored.latents import begin, latents_of
from storage.place import Place

Parse = Callable[[list[str]], Any]


def write_animate(folder: Path, job: Any) -> None:
    save_flags(folder / RUN, job)


def write_render(folder: Path, job: Any) -> None:
    remember(Place.at(folder), "render", job)


def write_score(folder: Path, job: Any) -> None:
    remember(Place.at(folder), "score", job)


def write_encode(folder: Path, job: Any) -> None:
    begin(Place.at(folder), latents_of(job.encoding, Place.at(job.data), fitted=True))
    (folder / NEXT).rename(folder / RUN)


WRITES: dict[str, tuple[Parse, Callable[[Path, Any], None], list[str]]] = {
    "animate": (
        animate.parse,
        write_animate,
        ["--run", "r", "--reference", "a.png", "b.png", "--driving", "d.mp4", "--sampler.steps", "3"],
    ),
    "encode": (encode.parse, write_encode, ["set", "--max-tokens", "900", "--window.variants", "2"]),
    "evaluate render": (
        evaluate_render.parse,
        write_render,
        ["b.json", "--run", "r", "--sampler.steps", "3"],
    ),
    "evaluate score": (
        evaluate_score.parse,
        write_score,
        ["b.json", "--made", "s3://made", "--no-people", "--weights.alex", "a.pth"],
    ),
}


@pytest.fixture(params=WRITES)
def written(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Parse, Any, Path]:
    """What reads a command line, a job, and the file that it has written."""
    parse, write, args = WRITES[request.param]
    job = parse([*args, "--out", str(tmp_path)])
    write(tmp_path, job)
    return parse, job, tmp_path / RUN


def test_what_a_run_has_written_is_what_another_takes(written: tuple[Parse, Any, Path]) -> None:
    parse, job, file = written
    taken = parse(["--config", str(file), "--out", "other"])
    expected = replace(from_anywhere(job), out=taken.out, config=file)
    if hasattr(job, "data"):
        expected = replace(expected, data=str(Path(job.data).absolute()))
    assert taken == expected
    assert str(taken.out) == "other"
    assert str(Path.cwd()) in repr(taken), "paths say the same in any folder"


def test_a_misspelt_name_is_refused_and_a_file_of_another_kind(
    written: tuple[Parse, Any, Path], tmp_path: Path
) -> None:
    parse, _, file = written
    content = json.loads(file.read_text())
    room = "settings" if "settings" in content else "job"
    content[room]["sed"] = 1
    file.write_text(json.dumps(content))
    args = ["--config", str(file), "--out", "other"]
    with pytest.raises(ValueError, match=rf"{room}\.sed: no such name"):
        parse(args)
    file.write_text("[]")
    with pytest.raises(ValueError, match=f"nothing under '{room}'"):
        parse(args)


@pytest.mark.parametrize("name", ["evaluate render", "evaluate score", "encode"])
def test_a_folder_alone_goes_on_with_its_own_settings(name: str, tmp_path: Path) -> None:
    parse, write, args = WRITES[name]
    job = parse([*args, "--out", str(tmp_path), "--runner", "ray"])
    write(tmp_path, job)
    again = parse(["--out", str(tmp_path)])
    assert again.runner == "inline", "where a run works is said anew"
    assert replace(again, runner="ray", **places(again)) == replace(from_anywhere(job), **places(again))


@pytest.mark.parametrize("name", ["evaluate score", "encode"])
def test_a_strangers_file_names_no_server(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parse, write, args = WRITES[name]
    write(tmp_path, parse([*args, "--out", str(tmp_path)]))
    content = json.loads((tmp_path / RUN).read_text())
    if name == "encode":
        content["data"] = "s3://set?endpoint_override=evil"
    else:
        content["job"]["made"] = ["ours=s3://made?endpoint_override=evil"]
    (tmp_path / RUN).write_text(json.dumps(content))
    with pytest.raises(SystemExit):
        parse(["--out", str(tmp_path)])
    assert {"encode": "DATA", "evaluate score": "--made"}[name] in capsys.readouterr().err


def test_no_file_says_how_a_command_works() -> None:
    assert set(HOW) == {field.name for field in fields(LongRun)}


def places(job: Any) -> dict[str, Any]:
    """What is an address, and not a path."""
    return {"data": job.data} if hasattr(job, "data") else {}
