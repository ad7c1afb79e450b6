"""`understudy train` in several processes, as torchrun or DeepSpeed start them."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

from model.train import checkpoint
from tests.jobs.commands.test_train import ROOT, curve
from tests.processes import execute
from tests.trained import SHORTEST
from tests.warm import programs
from tests.warm.programs import free_port

ALONE = {
    "scontrol": "echo localhost",
    "srun": 'SLURM_NODEID=0 "$@" & first=$!; SLURM_NODEID=1 "$@" && wait $first',
}
"""SLURM's commands on two machines that are one."""


@pytest.mark.long  # four processes that read all of torch and DeepSpeed; ranks themselves are tested without
def test_the_job_of_the_documents_trains_on_two_machines(data_set: Path, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "training.md").read_text()
    (script,) = (block for block in re.findall(r"```text\n(.*?)```", page, re.DOTALL) if "srun" in block)
    (tmp_path / "train.sh").write_text(script)
    for name, text in ALONE.items():
        (tmp_path / name).write_text(f"#!/bin/bash\n{text}\n")
        (tmp_path / name).chmod(0o755)
    place = ["--data", str(data_set), "--out", str(tmp_path / "run")]
    found = {
        "PATH": f"{tmp_path}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        "SLURM_NNODES": "2",
        "SLURM_JOB_ID": "7",
        "SLURM_JOB_NODELIST": "two",
        "PORT": str(free_port()),
    }
    done = execute(
        *("bash", "-eu", tmp_path / "train.sh", *place, *SHORTEST, "--settings.zero-stage", "2"),
        env={**os.environ, **found},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.count("phase body, 1 steps") == 1  # one rank speaks
    assert checkpoint.train_state(tmp_path / "run" / "checkpoints" / "3-000001").world_size == 2
    assert sorted(curve(tmp_path / "run", "loss")) == [1, 2, 3]


def test_deepspeed_alone_needs_no_launcher(data_set: Path, tmp_path: Path) -> None:
    args = ["train", "--data", str(data_set), "--out", str(tmp_path), *SHORTEST, "--settings.zero-stage", "2"]
    found = {name: value for name, value in os.environ.items() if name not in {"RANK", "LOCAL_RANK"}}
    done = programs.execute("-m", "jobs.cli", *args, env=found)
    assert done.returncode == 0, done.stderr[-3000:]
    assert checkpoint.train_state(tmp_path / "checkpoints" / "3-000001").world_size == 1
