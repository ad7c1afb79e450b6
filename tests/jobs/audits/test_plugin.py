"""A measure and a filter of one's own: the package of docs/audit.md, built, installed and asked."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from dataset.index import read_index
from dataset.reader import Reader
from media.members import decode_window
from pipeline.measures.opened import STEP
from schemas.sample import VIDEO
from tests.docs.blocks import blocks_of
from tests.processes import execute

RULE = """
[[rule]]
id = "reddish"
says = "more of it is red than is wanted"
value = "red"
above = {above}
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which pip has put the package of the document."""
    folder = tmp_path_factory.mktemp("package")
    code, project = (one.text for one in blocks_of("docs/audit.md") if "RED" in one.text)
    assert len(code.splitlines()) + len(project.splitlines()) <= 24  # 20 lines, and some blank ones
    (folder / "reds.py").write_text(code)
    (folder / "pyproject.toml").write_text(project)
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-index",
        "--no-build-isolation",
        "--no-deps",
    ]
    subprocess.run([*pip, "--target", folder / "site", folder], check=True)
    return folder / "site"


def red_shares(data: Path) -> dict[str, float]:
    """Of each sample the share that the package is to tell."""
    reader, shares = Reader(str(data), verify=False), {}
    for row in read_index(data).rows():
        frames = np.empty((-(-row.frames // STEP), row.height, row.width, 3), np.uint8)
        decode_window(VIDEO, reader.read(row)[VIDEO], row.frames, 0, frames, step=STEP)
        red = [cv2.split(one)[0].astype(int) for one in frames]
        most = [(own >= one[..., 1]) & (own >= one[..., 2]) for own, one in zip(red, frames, strict=True)]
        shares[row.key] = float(np.mean(most))
    return shares


def test_a_package_of_ones_own_measures_and_filters(installed: Path, planted: Path, tmp_path: Path) -> None:
    data = Path(shutil.copytree(planted / "clean", tmp_path / "set"))
    wanted = red_shares(data)
    middle = float(np.median([*wanted.values()]))
    (tmp_path / "rules.toml").write_text(RULE.format(above=middle))
    words = ["audit", data, "--out", tmp_path / "report", "--rules", tmp_path / "rules.toml"]
    env = os.environ | {"PYTHONPATH": str(installed)}
    done = execute(Path(sys.executable).with_name("understudy"), *words, env=env)
    assert done.returncode == 1, done.stderr
    (rule,) = json.loads((tmp_path / "report" / "audit.json").read_text())["rules"]
    assert dict(rule["worst"]) == pytest.approx({key: red for key, red in wanted.items() if red > middle})
    listed = {line.split("\t")[0] for line in (tmp_path / "report" / "deny.txt").read_text().splitlines()}
    assert listed == {key for key, red in wanted.items() if red > middle}
    assert "pixels that are mostly red" in (tmp_path / "report" / "index.html").read_text()
