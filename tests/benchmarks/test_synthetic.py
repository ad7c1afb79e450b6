"""The synthetic ledger is what the real code writes."""

from __future__ import annotations

from pathlib import Path

from benchmarks.synthetic import make_ledger
from engine.ledger import Ledger
from pipeline.flow import Curation, legs


def test_landings_are_those_of_the_real_code(tmp_path: Path) -> None:
    made, landed = tmp_path / "made", tmp_path / "landed"
    make_ledger(made, 60, 10)
    ledger, real = Ledger(made), Ledger(landed)
    for leg in legs(Curation(), made):
        for lap in leg.laps(ledger):
            written = ledger.landed(leg.name, lap.name)
            assert written is not None
            assert (
                real.land(lap, ledger.rows(leg.name, lap.name, leg.gives), leg.gives, written.steps)
                == written
            )
    for path in landed.rglob("*.*"):
        assert path.read_bytes() == (made / path.relative_to(landed)).read_bytes(), path
    num_landed, num_made = (len(list(out.rglob("*.*"))) for out in (landed, made))
    assert num_landed == num_made - 3  # the listing
