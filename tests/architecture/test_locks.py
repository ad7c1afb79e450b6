"""Every Python has the same packages: others may compute otherwise, or lack what is called."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_a_package_has_one_version(lock: str) -> None:
    names = re.findall(r"^([A-Za-z0-9._-]+)(?:\[.*\])?==", (ROOT / lock).read_text(), re.MULTILINE)
    assert len(names) > 50
    assert [name for name, times in Counter(names).items() if times > 1] == []
