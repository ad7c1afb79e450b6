"""Why something was rejected."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from schemas.outcome import Rejected


def reason_of(attempt: Callable[[], object]) -> str:
    """The reason with which an attempt is rejected; a test fails where it is not."""
    with pytest.raises(Rejected) as no:
        attempt()
    return no.value.reason
