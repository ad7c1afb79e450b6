"""`understudy export`: what a run has learned, as a folder that others can load."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import tyro
from rich.console import Console

from jobs.console.flags import parsed
from jobs.exit_codes import ExitCode
from model.train.engines.engine import Dtype
from model.train.export import Layout
from model.train.load import Taken


@dataclass(frozen=True, kw_only=True)
class Export:
    """Write the network of a run's last checkpoint with its sizes and a card."""

    run: tyro.conf.Positional[Path]
    """Folder of the run."""
    out: Path
    """Folder to write, empty or not there yet."""
    to: Layout = "safetensors"
    """All weights by our names, or the base as diffusers reads it and our parts beside it."""
    weights: Taken = "average"
    """Averaged over the last steps, or as last moved."""
    dtype: Dtype = "bfloat16"
    """Of the weights; norms and what the time goes through stay float32."""


def parse(args: list[str]) -> Export:
    """The job of a command line."""
    return parsed(Export, "export", args)


def export(job: Export, console: Console) -> ExitCode:
    """Write the folder; `WHOLE`.

    Raises:
        ValueError: the run has no checkpoint, it is not ours, or the folder holds something.
    """
    from model.train.export import export as write

    write(job.run, job.out, job.to, job.weights, job.dtype)
    console.print(f"written: {job.out}; read it by model.train.export.from_pretrained", highlight=False)
    return ExitCode.WHOLE
