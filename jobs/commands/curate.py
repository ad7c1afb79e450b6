"""`understudy curate`: from a folder of videos to an index of verified shards."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import tyro
from rich.console import Console

from dataset.deny import deny_list, keep_out, kept_out
from dataset.names import DENIED, FORGETTING, INDEX
from engine.core import Tally
from engine.ledger import Ledger
from engine.runners.status import RunObserver
from jobs.console.failed_items import num_failed, tell_failed
from jobs.console.flags import parsed, value_of
from jobs.console.heartbeat import Heartbeat
from jobs.console.kinds import Device, OptionalFile, OutFolder, Videos
from jobs.console.lock import manner
from jobs.console.next_step import tell_next
from jobs.console.observers import all_of
from jobs.console.progress import ConsoleProgress, readable_s, tell_funnel
from jobs.exit_codes import ExitCode
from jobs.long_run import LongRun
from jobs.out_folder import refuse_file
from jobs.recipes.curation import Recipe, chosen, refuse_unready
from jobs.stored.curation import (
    NextIndex,
    StoredCuration,
    configured,
    has_todays_videos,
    own_tombstones,
    stored_in,
)
from jobs.stored.redo import legs_again, refuse_redo
from pipeline.corpora.listing import CorpusListing, compared_with, enlist, origins_note
from pipeline.corpora.reach import UNREACHED, refuse_unreached
from pipeline.flow import Curation, legs
from pipeline.reshard import reusing
from pipeline.retell import Retelling, begin, begun, end, restoring, retell, retelling_of
from pipeline.stages.corpus import CorpusSettings, Survey, survey
from schemas.media import Listed
from schemas.tracks import Role
from storage.place import Place
from storage.records import read_as


@dataclass(frozen=True, kw_only=True)
class Curate(LongRun):
    """Make a data set of verified shards from videos, or go on where an earlier run stopped."""

    videos: Videos
    """Folder or address of videos, a video, or a CSV or Parquet manifest: see docs/formats.md."""
    out: OutFolder
    """Folder of the data set, or its address in an object store: s3://bucket/set."""
    corpus: tyro.conf.OmitArgPrefixes[CorpusSettings] = field(default_factory=CorpusSettings)
    drop_gone: bool = False
    """The samples of files that are no longer in the corpus leave the data set; otherwise they stay."""
    deny: OptionalFile = None
    """Deny list of an audit: its samples leave OUT, whose denied.txt keeps them out from then on."""
    redo: bool = False
    """Do again what other settings than those of OUT change; its old index holds meanwhile."""
    recipe: Recipe | None = None
    """Stack of estimators: embedded, or the paper's on files in --weights. As stored, or else embedded."""
    weights: Path | None = None
    """Folder of the files that `understudy weights --recipe research` lists."""
    embedded: tuple[Role, ...] = ()
    """Roles for which the embedded estimator stays: --recipe research --embedded hands."""
    device: Device = "cpu"
    """Where the networks of a recipe run: cpu, cuda, cuda:1."""
    config: Path | None = None
    """A run.json whose settings are taken, but for what the command line says."""
    settings: Curation = field(default_factory=Curation)


def parse(args: list[str]) -> Curate:
    """The job of a command line; what it leaves out is as in the file or else the data set that it names.

    Raises:
        ValueError: the data set's settings are not ours, or a recipe lacks something.
        OSError: they cannot be read.
    """
    out, config = value_of("--out", args), value_of("--config", args)
    stored = configured(config) if config else stored_in(Place.at(out)) if out else None
    default = Curate(videos=tyro.MISSING, out=tyro.MISSING)
    if stored is not None and stored.settings:
        settings = read_as(Curation, stored.settings, f"{config or out}: not the settings of a run")
        videos = stored.videos or tyro.MISSING
        default = replace(
            default, videos=videos, corpus=stored.corpus, drop_gone=stored.drop_gone, settings=settings
        )
    backends = chosen(args)
    if backends is not None:
        default = replace(default, settings=replace(default.settings, backends=backends))
    return parsed(Curate, "curate", args, default)


def curate(job: Curate, console: Console) -> ExitCode:
    """Run the job; `WHOLE`, `BELOW_THRESHOLD` where too little was kept, or `FAILED_ITEMS` where some failed.

    Raises:
        ValueError: the corpus, a setting or a file of weights cannot be used.
        EstimatorUnavailable: a file of weights is missing.
        OSError: the data set's place cannot be written.
        NeedsRedo: the settings are not those of the data set, and the job does not say `redo`.
        AtWork: another run is at work on the data set.
        MostUnreached: most videos cannot be reached.
        LapFailed: the machine is at fault: a disk, a store, its memory.
        TooManyFailed: a step breaks on too many items.
    """
    began = time.monotonic()
    refuse_unready(job.settings)
    out = Place.at(job.out)
    if out.size(FORGETTING) is not None:
        raise ValueError(f"{out}: somebody is leaving it: first understudy forget {out} --why ... ends")
    own_tombstones(out)
    if (stored := stored_in(out)) is not None:
        refuse_redo(out, stored, job.settings, console, redo=job.redo)
    more = deny_list(*Place.holding(job.deny)) if job.deny else {}
    found = survey(job.videos, job.corpus)
    refuse_nothing(job, found, stored)
    for sentence in left_out(found):
        console.print(sentence, highlight=False)
    with Heartbeat(out, job.runner, manner(console, force=job.force)) as heartbeat:
        if more:
            keep_out(out, more)
            console.print(f"{len(kept_out(out))} samples are kept out: {out / DENIED}", highlight=False)
        tallies = make(job, out, found.videos, heartbeat, console)
        tell_funnel(console, tallies)
        code = verdict(tallies, job.settings.min_kept_share, console)
        publish(next_index(job), code, console)
    console.print(f"done in {readable_s(time.monotonic() - began)}: {out / INDEX}", highlight=False)
    names = [leg.name for leg in legs(job.settings, out)]
    tell_failed(Ledger(out), names, tallies, console)
    if code is ExitCode.WHOLE:
        tell_next(console, ("check", job.out), ("preview", job.out, "--out", "SHEETS"))
    return code


def next_index(job: Curate) -> NextIndex:
    """What the job makes of its data set."""
    out = Place.at(job.out)
    how: dict[str, Any] = {"corpus": job.corpus, "drop_gone": job.drop_gone}
    return NextIndex(out=out, videos=job.videos, settings=job.settings, **how)


def publish(made: NextIndex, code: ExitCode, console: Console) -> None:
    """Put the new index in place, unless too little was kept and the old one holds more."""
    if code is ExitCode.BELOW_THRESHOLD and made.begun and made.out.size(INDEX) is not None:
        console.print("the old index holds; --settings.min-kept-share 0 takes the new one", highlight=False)
    else:
        made.publish()
        end(made.out)


def refuse_nothing(job: Curate, found: Survey, stored: StoredCuration | None) -> None:
    """Returns where there is something to do, and a folder to put it into.

    Raises:
        ValueError: there is not; nothing has been written.
    """
    refuse_file(job.out, "the data set")
    if not found.videos and stored is None:
        raise ValueError("; ".join([f"{job.videos}: no video there", *left_out(found)]))


def left_out(found: Survey) -> Iterator[str]:
    """What of a folder is not taken, a sentence each."""
    for suffix, count in sorted(found.others.items()):
        yield f"{count} files {suffix or 'without a suffix'} are no videos by their names"
    if found.links_out:
        yield f"{found.links_out} links lead out of the folder and are not followed: see --follow-links"


def make(
    job: Curate, out: Place, found: Sequence[Listed], heartbeat: Heartbeat, console: Console
) -> list[Tally]:
    """Land all that the next index is made of; what became of the items of each step."""
    out.sweep()
    change = next_index(job).begin
    if out.size(INDEX) is None:
        refuse_unreached(found)
        change()
    ledger = Ledger(out)
    retelling = restated(job, ledger, found, change)
    if retelling is not None:
        console.print(f"{len(retelling.origins)} known files are told anew", highlight=False)
    listing = enlist(ledger, found, change)
    for sentence in compared(listing, job):
        console.print(sentence, highlight=False, soft_wrap=True)
    dropped, stones = listing.gone if job.drop_gone else (), own_tombstones(out)
    house = legs(job.settings, out, dropped, stones, kept_out(out))
    if retelling is None and has_todays_videos(out, job.settings):
        house = reusing(house, job.settings.shard, out, kept_out(out))
    if retelling is not None:
        house = restoring(house, out, retelling, job.settings.shard, kept_out(out))
    with ConsoleProgress(console, time.monotonic) as terminal:
        observers: tuple[RunObserver, ...] = (heartbeat, terminal)
        shared = [Place.at(job.videos).folder, out.folder]
        watch = all_of(*observers)
        job.bring_to_end(house, ledger, watch, unseal=change, shared=shared, always=UNREACHED)
    return [tally for leg in house for tally in ledger.tallies(leg.name)]


def restated(
    job: Curate, ledger: Ledger, found: Sequence[Listed], change: Callable[[], None]
) -> Retelling | None:
    """Take over what is told otherwise of known files, where the job is to; what it was, if anything.

    What a run that was stopped had begun is brought to its end in any case.

    Raises:
        ValueError: settings are others too; both at once is not done.
    """
    out = Place.at(job.out)
    retelling = begun(out)
    origins = compared_with(ledger, found).otherwise if job.redo and retelling is None else {}
    if retelling is None and not origins:
        return None
    stored, stones = stored_in(out), own_tombstones(out)
    if stored is None or any(leg.laps for leg in legs_again(stored, job.settings, ledger)):
        raise ValueError(f"{out}: first what is told of files, then other settings: --redo one at a time")
    house = legs(job.settings, out, (), stones, kept_out(out))
    if retelling is None:
        retelling = retelling_of(ledger, house, origins, stones)
        change()
        begin(out, retelling)
    retell(ledger, house, retelling)
    return retelling


def compared(listing: CorpusListing, job: Curate) -> Iterator[str]:
    """How the corpus compares with what was listed before."""
    yield f"{listing.new} new files, {listing.known} known, {len(listing.gone)} gone"
    if listing.gone and not job.drop_gone:
        yield "the samples of files that are gone stay, unless --drop-gone"
    if listing.otherwise:
        yield origins_note(listing, job.videos, job.out)


def verdict(tallies: list[Tally], min_kept_share: float, console: Console) -> ExitCode:
    """Whether enough was kept and nothing failed; if too little was, which steps dropped the rest."""
    by_step = {step: Tally(step=step) for step in ("corpus", "probe", "screen", "shard")}
    by_step |= {tally.step: tally for tally in tallies}
    cut, stored = by_step["screen"].offered, by_step["shard"].kept
    files, probed = by_step["corpus"].offered, by_step["probe"].kept
    if stored > 0 and stored >= min_kept_share * cut:
        return ExitCode.FAILED_ITEMS if num_failed(tallies) else ExitCode.WHOLE
    worst = max(tallies, key=lambda tally: tally.rejected)
    reasons = ", ".join(f"{reason} {n}" for reason, n in worst.reasons.most_common(3))
    console.print(
        f"too little was kept: {stored} samples of {cut} clips from {probed} of {files} files "
        f"(min_kept_share is {min_kept_share:g}); step {worst.step!r} dropped most: {reasons or 'nothing'}",
        style="red",
        highlight=False,
    )
    return ExitCode.BELOW_THRESHOLD
