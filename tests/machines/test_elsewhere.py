"""A job on a machine that is set up otherwise gives the bytes of any other."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from storage.disk import cache_folder
from tests.processes import execute
from tests.resume.job import contents, landed

ODD = {
    "HOME": "/nonexistent",
    "LC_ALL": "C",
    "TZ": "Asia/Kathmandu",
}
CODE = """
import os, runpy, sys
os.umask(0o077)
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
runpy.run_module("tests.resume.job", run_name="__main__", alter_sys=True)
"""


def test_names_that_are_not_read_as_utf8_are_refused_in_a_sentence(tmp_path: Path) -> None:
    odd = {"PATH": os.environ["PATH"], "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = execute(sys.executable, "-m", "jobs.cli", "check", tmp_path, env=odd)
    assert done.returncode == 2
    assert done.stderr == (
        "understudy: names of files are read as ascii here, and a video may have any: set PYTHONUTF8=1\n"
    )


def test_locale_zone_umask_home_and_cores_change_nothing(
    films: Path, undisturbed: Path, tmp_path: Path
) -> None:
    out = tmp_path / "set"
    places = (films / "videos", out, films / "truths")
    where = {"PATH": os.environ["PATH"], "XDG_CACHE_HOME": str(cache_folder().parent)}
    done = execute(sys.executable, "-c", CODE, *places, env={**where, **ODD})
    assert done.returncode == 0, done.stderr
    assert contents(out) == contents(undisturbed)
    assert landed(out) == landed(undisturbed)
