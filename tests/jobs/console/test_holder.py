"""A process is told from every other, also from a later one of the same number."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from jobs.console.holder import PROC, Holder, lives, started, this_process


def made(folder: Path, process: int, text: str, namespace: str = "pid:[1]") -> Path:
    """A /proc that shows one process."""
    boot = folder / "sys/kernel/random/boot_id"
    boot.parent.mkdir(parents=True)
    boot.write_text("a-boot\n")
    (folder / "self/ns").mkdir(parents=True)
    (folder / "self/ns/pid").symlink_to(namespace)
    (folder / str(process)).mkdir()
    (folder / str(process) / "stat").write_text(text)
    return folder


def stat(name: str, state: str, started: int) -> str:
    """A line as the kernel writes it: the state is field 3, the start field 22."""
    return f"7 ({name}) {state} " + " ".join(["0"] * 18) + f" {started} 0 0\n"


def test_this_process_lives_until_it_has_ended() -> None:
    assert lives(this_process())
    ask = "from jobs.console.holder import this_process; print(repr(this_process()))"
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    other: Holder = eval(done.stdout, {"Holder": Holder})
    assert (other.boot, other.namespace) == (this_process().boot, this_process().namespace)
    assert lives(other) is False


def test_a_process_that_nobody_has_waited_for_lives_no_more() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        holder = replace(this_process(), process=child.pid, started=started(child.pid, PROC) or 0)
        assert lives(holder)
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # and stays a zombie
        assert lives(holder) is False


@pytest.mark.parametrize("name", ["python", "odd) S 1 (name", "new\nline"])
def test_the_number_of_another_process(name: str, tmp_path: Path) -> None:
    proc = made(tmp_path, os.getpid(), stat(name, "S", 500))
    holder = this_process(proc)
    assert (holder.boot, holder.namespace, holder.started) == ("a-boot", "pid:[1]", 500)
    assert lives(holder, proc)
    assert lives(replace(holder, started=400), proc) is False  # as after a restart of the container


@pytest.mark.parametrize(("boot", "namespace"), [("before", "pid:[1]"), ("a-boot", "pid:[2]"), ("", "")])
def test_of_elsewhere_nothing_is_known(boot: str, namespace: str, tmp_path: Path) -> None:
    proc = made(tmp_path, os.getpid(), stat("python", "S", 500))
    assert lives(replace(this_process(proc), boot=boot, namespace=namespace), proc) is None


def test_a_system_without_proc_knows_nothing(tmp_path: Path) -> None:
    holder = this_process(tmp_path)
    assert (holder.boot, holder.namespace, holder.started) == ("", "", 0)
    assert lives(holder, tmp_path) is None


def test_a_process_that_is_hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    proc = made(tmp_path, os.getpid(), stat("python", "S", 500))
    other = replace(this_process(proc), process=99)

    def denied(*_: int) -> None:
        raise PermissionError

    assert lives(replace(other, process=2**22 + 1), proc) is False
    monkeypatch.setattr(os, "kill", denied)
    assert lives(other, proc) is None
