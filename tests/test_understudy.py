"""Our packages are ours whatever files of their names lie beside a script or where a command is typed."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.names import taken_names
from tests.processes import ROOT, execute
from understudy import claim

SCRIPT = """
import understudy
import os
from model.data.loader import Loader
from model.data.settings import LoaderSettings

if __name__ == "__main__":
    os.chdir("{folder}")
    batch = next(iter(Loader("{data}", LoaderSettings(workers=1))))
    print("a batch of", len(batch))
    os._exit(0)
"""


def test_a_script_and_its_workers_have_our_packages(data_set: Path, tmp_path: Path) -> None:
    folder = taken_names(tmp_path / "mine")
    (folder / "script.py").write_text(SCRIPT.format(folder=folder, data=data_set))
    done = execute(sys.executable, folder / "script.py", env=os.environ | {"PYTHONPATH": str(ROOT)})
    assert "a batch of " in done.stdout, done.stderr
    assert "AssertionError" not in done.stderr


def test_the_command_begins_whatever_pythonpath_names(tmp_path: Path) -> None:
    folder = taken_names(tmp_path / "mine")
    code = "import sys; from understudy import main; sys.exit(main(['--version']))"
    paths = os.pathsep.join((str(folder), str(ROOT)))
    done = execute(sys.executable, "-c", code, env=os.environ | {"PYTHONPATH": paths, "PYTHONSAFEPATH": "1"})
    assert done.stdout.startswith("understudy "), done.stderr


def test_a_name_that_is_taken_already_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    other = ModuleType("model")
    other.__file__ = "/home/me/model.py"
    monkeypatch.setitem(sys.modules, "model", other)
    with pytest.raises(ImportError, match=r"/home/me/model.py was imported as 'model'.* FOLDER.model$"):
        claim()
