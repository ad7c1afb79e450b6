"""`make bench`: all tables but those of learning and of faults, on the clips of a folder.

By default that is shared/corpus beside the checkout.

python -m benchmarks [CORPUS]
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

CORPUS = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[2] / "shared" / "corpus"

if __name__ == "__main__":
    if not (CORPUS / "clips").is_dir():
        raise SystemExit(f"no clips in {CORPUS}: name a folder with clips/ and groundtruth/")
    long = CORPUS / "clips" / "half_04_tv_host.mp4"
    for module, *args in (
        ("benchmarks.accuracy", str(CORPUS)),
        ("benchmarks.shot_cuts", str(CORPUS)),
        ("benchmarks.stages", str(CORPUS / "clips")),
        ("benchmarks.memory", str(long)),
        ("benchmarks.loader", str(CORPUS / "clips")),
        ("benchmarks.decoders", str(CORPUS / "clips")),
        ("benchmarks.runners", str(CORPUS / "clips")),
        ("benchmarks.cost", str(CORPUS / "clips"), "talk_0"),
        ("benchmarks.ledger",),
        ("benchmarks.estimators",),
        ("benchmarks.training",),
    ):
        subprocess.run([sys.executable, "-m", module, *args], check=True)
