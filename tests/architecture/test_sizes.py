"""Files can be held in the head."""

from __future__ import annotations

from tests.architecture.floors import FOLDERS, ROOT

MAX_LINES = 300


def test_no_file_is_longer_than_what_one_reads_at_once() -> None:
    lines = {
        path.relative_to(ROOT).as_posix(): len(path.read_text().splitlines())
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("*.py")
    }
    assert len(lines) > 500
    assert {file: count for file, count in lines.items() if count > MAX_LINES} == {}
