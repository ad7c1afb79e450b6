"""What tests of the model share."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("shared", deadline=None)
settings.load_profile("shared")  # machines are shared: no single example has a deadline
