"""What has been done is found without a cluster."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from engine.runners.inline import run
from tests.engine.runners.odd import house, listing
from tests.engine.runners.test_inline import Seen

ROOT = Path(__file__).resolve().parents[4]
AGAIN = """
import sys, time
from engine.ledger import Ledger
from engine.runners.ray import cluster
from engine.runners.settings import ClusterSettings
from tests.engine.runners.odd import house
from tests.engine.runners.test_inline import Seen

seen, settings = Seen(), ClusterSettings()
cluster.run(house(1), Ledger(sys.argv[1]), seen, clock=time.monotonic, unseal=seen.unseal, settings=settings)
assert seen.legs == [("sources", 2, 2), ("groups", 2, 2)], seen
assert seen.unsealed == 0
assert "ray" not in sys.modules
"""


def test_a_finished_job_needs_no_cluster_and_no_ray(tmp_path: Path) -> None:
    ledger, seen = listing(tmp_path, "/v/fine-1", "/v/bad-1"), Seen()
    run(house(1), ledger, seen, clock=float, unseal=seen.unseal, gpus=lambda: 0)
    subprocess.run([sys.executable, "-c", AGAIN, str(tmp_path)], cwd=ROOT, check=True)
