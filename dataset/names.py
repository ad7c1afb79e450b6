"""One name for each file of a data set."""

from __future__ import annotations

RUNNING = "running.json"
"""Beside the landings: what a run says of itself while it lasts. No reader needs it."""
