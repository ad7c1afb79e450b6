"""One name for each file of a run."""

from __future__ import annotations

RUN = "run.json"
"""Every start of the training: its settings, its data, what it ran on."""
CHECKPOINTS = "checkpoints"
START = "start"
"""Weights that the run began with, until there is a checkpoint."""
CURVES = "curves"
PROFILE = "profile"
"""Traces of some steps."""
CODEC = "codec.npz"
"""The codec fitted on the data, where the settings name no autoencoder."""
