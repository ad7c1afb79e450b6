"""What tests of the model share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from hypothesis import settings

settings.register_profile("shared", deadline=None)
settings.load_profile("shared")  # machines are shared: no single example has a deadline


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> Iterator[None]:
    """Small tensors are slower on many threads, and sums of one thread are the same everywhere.

    For all of a session, so that fixtures of a module are made on one thread, too.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
