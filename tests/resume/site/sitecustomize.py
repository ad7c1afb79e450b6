"""Python reads this first in every process that has this folder on its path: see `tests.resume.changes`."""

from __future__ import annotations

from tests.resume.changes import count

count()
