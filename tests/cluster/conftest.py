"""What the tests of a cluster share: two machines, and a store that both know."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ray.cluster_utils import Cluster

from tests.cluster.small import machines
from tests.stores import Store, serving


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    """An S3 server that all machines of the cluster know, as they would by their role."""
    with serving() as store, pytest.MonkeyPatch.context() as patch:
        for name, value in store.environment.items():
            patch.setenv(name, value)
        yield store


@pytest.fixture(scope="module")
def cluster(store: Store) -> Iterator[Cluster]:
    with machines(2) as cluster:
        yield cluster
