"""Keeps a Ray of this machine to this machine. To be called before Ray is imported."""

from __future__ import annotations

from collections.abc import MutableMapping

ENVIRONMENT = {
    # Where Ray builds no clusters of several machines, as on laptops, all its servers listen on 127.0.0.1. It
    # reads this name on every system.
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
}


def keep_to_loopback(environment: MutableMapping[str, str], address: str | None) -> None:
    """Set what Ray reads when it is imported, unless it joins a cluster, whose machines must reach it."""
    if address is None and "RAY_ADDRESS" not in environment:
        environment.update(ENVIRONMENT)
