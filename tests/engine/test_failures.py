"""Whose fault an exception is, and what is told of it that is the same everywhere."""

from __future__ import annotations

import errno
import subprocess
import sys
from collections import Counter
from pathlib import Path

import av
import pytest

from engine.core import EstimatorUnavailable, Tally
from engine.failures import FailureCount, TooManyFailed, is_machines, kind_and_place, trace_of
from storage.disk import Unwritable
from storage.place import Place
from storage.store import Denied, Unreached

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("error", "machines"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), True),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), True),
        (OSError(errno.EMFILE, "Too many open files"), True),
        (OSError("other bytes came back than were written"), True),
        (Unwritable(errno.EACCES, "Permission denied"), True),
        (Unreached("the store did not do it"), True),
        (Denied("access is denied"), True),
        (EstimatorUnavailable("no weights"), True),
        (FileNotFoundError(errno.ENOENT, "a file of the item"), False),
        (PermissionError(errno.EACCES, "a file of the item"), False),
        (OSError(errno.EIO, "a broken file"), False),
        (av.error.OSError(errno.EIO, "a broken file"), False),
        (av.error.OSError(errno.ENOSPC, "says a broken file"), False),
        (MemoryError(), False),  # some is left: it was asked for too much
        (KeyError("a bug"), False),
    ],
)
def test_whose_fault_it_is(error: Exception, *, machines: bool) -> None:
    assert is_machines(error) is machines


def test_a_machine_without_memory_is_at_fault() -> None:
    code = (
        "import resource\n"
        "from engine.failures import is_machines\n"
        "used = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
        "resource.setrlimit(resource.RLIMIT_AS, (used + 2**25, -1))\n"
        "print(is_machines(MemoryError()))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"


def test_a_folder_that_takes_no_file_is_told_from_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "shards").write_text("a file where the folder should be")
    (tmp_path / "file").write_text("")
    for do in (
        lambda: Place.at(tmp_path).write("shards/a.tar", b""),
        lambda: Place.at(tmp_path).put("shards/a.tar", tmp_path / "file"),
    ):
        with pytest.raises(Unwritable, match="shards") as caught:
            do()
        assert is_machines(caught.value)
    with pytest.raises(FileNotFoundError) as missing:
        Place.at(tmp_path).read("none")
    assert not is_machines(missing.value)


def raised(words: str) -> Exception:
    try:
        Place.at("/").uri_of(words)
    except ValueError as error:
        return error
    raise AssertionError


def test_what_is_told_holds_no_words_of_one_run() -> None:
    one, other = (raised(f"{word}/../a") for word in ("one", "other"))
    assert str(one) != str(other)
    assert kind_and_place(one) == kind_and_place(other)
    assert kind_and_place(one).startswith("ValueError in storage.")
    assert kind_and_place(av.error.OSError(errno.EIO, "x")) == "av.error.OSError in ?, line 0"


def test_a_trace_is_bounded() -> None:
    assert len(trace_of(ValueError("x" * 10**6))) == 8000


def tally(offered: int, failed: int, *, judged: int = 0) -> Tally:
    return Tally(step="hash", offered=offered, reasons=Counter(failed=failed - 1, crashed=1, nobody=judged))


def test_a_share_is_too_large_only_from_a_number_on() -> None:
    count = FailureCount(max_share=0.1, min_failed=5)
    count.add([tally(4, 4)])
    count.add([tally(46, 1, judged=45)])  # five of fifty: just the share
    with pytest.raises(TooManyFailed, match="step hash failed on 6 of 51 items"):
        count.add([tally(1, 1)])
