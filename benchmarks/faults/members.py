"""Mutated members of samples, read as `check` and the loader read them; the digests are theirs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from benchmarks.faults.reading import Family, Read
from dataset.sample_files import VersionError
from dataset.tar import sample_digest
from dataset.verify.sample import CheckedSample, faults_of
from model.data.epoch_order import Draw
from model.data.settings import SampleSettings
from schemas.outcome import UnfitError
from tests.model.data import sets
from tests.mutants import mutant
from tests.stored import write_data_set

SAMPLES = 16
DRAWN = SampleSettings(speech=True)
BAKED = replace(DRAWN, maps="baked")


def read(seed: int, folder: Path, _: Path) -> Read:
    """A sample of which one member is changed: whether it is looked at as whole, and shown."""
    row, members = sets.stored(folder / "set", seed % SAMPLES)
    name = sorted(members)[seed // SAMPLES % len(members)]
    changed = {**members, name: mutant(name, members[name], seed)}
    row = replace(row, sha256=sample_digest(row.key, changed))
    faults = list(faults_of(CheckedSample(row=row, members=changed, decode=True)))
    refused = ""
    try:
        draw = Draw(row=0, start=seed % (row.frames - 24), frames=25, seed=seed)
        sets.one((row, changed), draw, BAKED if seed % 2 else DRAWN)
    except (UnfitError, VersionError) as error:
        refused = f"{name}: {error}"
    if faults:
        return Read(what=name, end="rejected", reason=faults[0].check)
    if refused:
        return Read(what=name, end="unnamed", reason=f"check finds nothing, the loader {refused}"[:300])
    return Read(what=name, end="read")


FAMILY = Family(prepare=write_data_set, read=read)
