"""`understudy train` on several machines: the script for SLURM, as two processes of torchrun."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

from model.train import checkpoint
from tests.jobs.commands.test_train import curve
from tests.processes import execute
from tests.trained import SHORTEST

TWO_MACHINES = """#!/bin/sh
shift
"$@" & other=$!
"$@"
code=$?
wait $other && exit $code
"""
"""Stands for srun: its command once for each of two machines, each in a process of its own."""


def test_the_slurm_script_trains_on_two_machines(data_set: Path, tmp_path: Path) -> None:
    """Each machine has a torchrun with one rank; DeepSpeed shares the training between them."""
    tools = tmp_path / "tools"
    tools.mkdir()
    python = f"#!/bin/sh\nexec {sys.executable}"
    for name, text in {
        "srun": TWO_MACHINES,
        "scontrol": "#!/bin/sh\nprintf 'localhost\\nother\\n'\n",
        "torchrun": f'{python} -m torch.distributed.run "$@"\n',
        "understudy": f'{python} -m jobs.cli "$@"\n',
    }.items():
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    slurm = {"SLURM_JOB_NODELIST": "two", "SLURM_NNODES": "2", "SLURM_JOB_ID": "7"}
    own = {"PATH": f"{tools}:{os.environ['PATH']}", "RANKS_PER_NODE": "1", "PORT": str(port)}
    args = ["--data", str(data_set), "--out", str(tmp_path / "run"), *SHORTEST, "--settings.zero-stage", "2"]
    done = execute("sh", "docs/train.sbatch", *args, env={**os.environ, **slurm, **own})
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.count("phase body, 1 steps") == 1  # one rank speaks
    assert checkpoint.train_state(tmp_path / "run/checkpoints/3-000001").world_size == 2
    assert sorted(curve(tmp_path / "run", "loss")) == [1, 2, 3]
