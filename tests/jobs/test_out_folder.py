"""OUT is looked at before any work."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs.out_folder import refuse_file


def test_a_file_is_no_folder_and_has_none_below_it(tmp_path: Path) -> None:
    file = tmp_path / "person.jpg"
    file.write_bytes(b"")
    for out in (file, file / "set"):
        with pytest.raises(
            ValueError, match=r"^[^:]*person\.jpg: a file; --out names the folder of the sheets$"
        ):
            refuse_file(out, "the sheets")
    refuse_file(tmp_path / "set", "the sheets")
    refuse_file("s3://bucket/set", "the sheets")
