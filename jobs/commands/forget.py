"""`understudy forget`: sources leave a data set for ever, and nobody else's byte changes."""

from __future__ import annotations

import secrets
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import tyro
from rich.console import Console

from dataset.index import read_index
from dataset.names import INDEX, MEASURES, NEXT, SOURCE_DIGITS
from engine.failures import UNJUDGED
from engine.ledger import Ledger
from engine.leg import Leg
from engine.runners.status import RunObserver
from jobs.console.flags import parsed
from jobs.console.heartbeat import Heartbeat
from jobs.console.kinds import Folders, Names, Sources, Words
from jobs.console.lock import manner
from jobs.console.observers import all_of
from jobs.console.plain import tell_json
from jobs.console.progress import ConsoleProgress
from jobs.console.screen import no_screen
from jobs.exit_codes import ExitCode
from jobs.long_run import LongRun
from jobs.stored.curation import own_tombstones, seal, settings_of
from pipeline.flow import Curation
from pipeline.forget import Forgetting, asked, begin, begun, end, sources_in
from pipeline.forget import forget as carry_out
from schemas.media import Source
from storage.place import Place

SHOWN = 5
"""Names of those that are not there that are told."""


@dataclass(frozen=True, kw_only=True)
class Forget(LongRun):
    """Let sources leave a data set for ever: what was made of them goes, and a tombstone stays."""

    out: tyro.conf.Positional[str]
    """Folder or address of the data set."""
    source: Sources = ()
    """Addresses of videos, or sha256 of their contents."""
    subject: Names = ()
    """All videos of people whom the manifest named so; new ones of them are refused from then on."""
    person: Names = ()
    """All videos in which one of these people is seen, by the column `person` of the index."""
    licence: Names = ()
    """All videos of these licences."""
    list: Path | None = None
    """File with an address or a sha256 a line."""
    why: Words
    """The reason, which the tombstones keep."""
    dry_run: bool = False
    """Say what would leave, and write nothing."""
    runs: tuple[Path, ...] = ()
    """Runs whose checkpoints are told that have seen any of it."""
    latents: Folders = ()
    """Folders or addresses of latents of the data set."""
    sheets: tuple[Path, ...] = ()
    """Folders of contact sheets of it."""
    json: bool = False
    """For programs."""


@dataclass(frozen=True, kw_only=True)
class Leaving:
    """What leaves, or has left."""

    sources: int
    files: int
    clips: int
    samples: int
    others: int
    """Of these, those of people who were not named but are seen in the same videos."""
    tars: int
    """That hold any of the samples."""
    latents: dict[str, int]
    """Stored latents, by their folder, of these tars."""
    sheets: int
    """Pictures and videos of contact sheets."""
    checkpoints: dict[str, str]
    """Of `runs`, how many of the samples each has seen."""


def parse(args: Sequence[str]) -> Forget:
    """The job of a command line."""
    return parsed(Forget, "forget", args)


def forget(job: Forget, console: Console, settings: Curation | None = None) -> ExitCode:
    """Do it, or say what would be done; `WHOLE`. `settings` are those of the data set, which says them.

    Raises:
        ValueError: nobody is named, or somebody who is not there; or the data set is not finished.
        AtWork: a run is at work on the data set.
        OSError: it cannot be read or written.
        CannotRun: as `LongRun.bring_to_end`.
    """
    out = Place.at(job.out)
    run = settings or settings_of(out)
    if job.dry_run:
        tell(job, console, leaving(job, out, wanted(job, out, run)), "would leave; nothing was written")
        return ExitCode.WHOLE
    if begun(out) is None:
        wanted(job, out, run)  # who is not there is said before a file tells of it
    with Heartbeat(out, job.runner, manner(console, force=job.force)) as heartbeat:
        out.sweep()
        forgetting = begun(out) or wanted(job, out, run)
        found = leaving(job, out, forgetting)
        begin(out, forgetting)
        stones = carry_out(out, run, forgetting, partial(bring_to_end, job, out, heartbeat, console))
        seal(out)
        elsewhere(job, out, forgetting)
        unmeasure(out)
        end(out)
    tell(job, console, found, f"left; {len(stones.stones)} tombstones; index {read_digest(out)[:16]}")
    return ExitCode.WHOLE


def bring_to_end(job: Forget, out: Place, heartbeat: Heartbeat, console: Console, leg: Leg) -> None:
    """Run the leg that makes tars anew; what failed in an earlier run is tried again."""
    with ConsoleProgress(no_screen() if job.json else console, time.monotonic) as terminal:
        observers: tuple[RunObserver, ...] = (heartbeat, terminal)
        watch = all_of(*observers)
        job.bring_to_end([leg], Ledger(out), watch, unseal=lambda: None, shared=[out.folder], always=UNJUDGED)


def unmeasure(out: Place) -> None:
    """Remove what audits have measured: numbers and fingerprints of those who left are among them."""
    for entry in (out / MEASURES).files():
        (out / MEASURES).remove(entry.name)


def wanted(job: Forget, out: Place, run: Curation) -> Forgetting:
    """What is to be forgotten.

    Raises:
        ValueError: as `forget`.
    """
    if out.size(NEXT) is not None or out.size(INDEX) is None:
        raise ValueError(
            f"{out}: is not finished: understudy curate --out {job.out} goes on, and then it can forget"
        )
    ledger = Ledger(out)
    sources = [source for _, source in sources_in(ledger)]
    chosen = {source.sha256 for source in selected(job, sources, showing(out) if job.person else {})}
    salt, today = own_tombstones(out).salt or secrets.token_hex(16), date.today().isoformat()
    return asked(ledger, run, sorted(chosen), date=today, why=job.why, salt=salt, subjects=job.subject)


def showing(out: Place) -> dict[str, set[str]]:
    """By person, the digests of the sources in which they are seen."""
    found: dict[str, set[str]] = {}
    for row in read_index(out, trusted=False).rows():
        found.setdefault(row.person, set()).add(row.source_sha256)
    return found


def selected(job: Forget, sources: Sequence[Source], people: Mapping[str, Collection[str]]) -> list[Source]:
    """The sources that a job names; by `people`, the digests of those in which they are seen.

    Raises:
        ValueError: it names none, or one that is not there.
    """
    lines = job.list.read_text().splitlines() if job.list else ()
    names = [*job.source, *(line.strip() for line in lines if line.strip())]
    if not any((names, job.licence, job.subject, job.person)):
        raise ValueError("name who is to leave: --source, --subject, --person, --licence or --list")
    by_name = {name: source for source in sources for name in (source.uri, source.sha256)}
    unknown = [name for name in names if name not in by_name]
    unknown += [name for name in job.licence if not any(one.origin.licence == name for one in sources)]
    subjects = {one.origin.subject for one in sources} - {""}
    unknown += [name for name in job.subject if name not in subjects]
    unknown += [name for name in job.person if name not in people]
    if unknown:
        more = f" and {len(unknown) - SHOWN} more" if len(unknown) > SHOWN else ""
        raise ValueError(f"{job.out}: knows nothing of {', '.join(unknown[:SHOWN])}{more}; nobody has left")
    seen_in = {sha256 for name in job.person for sha256 in people[name]}
    return [by_name[name] for name in names] + [
        one
        for one in sources
        if one.origin.licence in job.licence or one.origin.subject in job.subject or one.sha256 in seen_in
    ]


def leaving(job: Forget, out: Place, forgetting: Forgetting) -> Leaving:
    """What is there of those that are to leave."""
    ledger, prefixes = Ledger(out), forgetting.prefixes
    rows = [row for row in read_index(out, trusted=False).rows() if row.key[:SOURCE_DIGITS] in prefixes]
    tars = {row.shard for row in rows}
    clips = [
        key
        for name in forgetting.laps
        if ledger.landed("clips", name)
        for key in ledger.columns("clips", name, ["key"])["key"].to_pylist()
    ]
    return Leaving(
        sources=len(forgetting.sources),
        files=len(forgetting.uris),
        clips=sum(key[:SOURCE_DIGITS] in prefixes for key in clips),
        samples=len(rows),
        others=sum(row.person not in job.person for row in rows) if job.person else 0,
        tars=len(tars),
        latents={where: lost_from(Place.at(where), out, tars) for where in job.latents},
        sheets=sum(1 for _ in shown(job, forgetting)),
        checkpoints=dict(seen(job, out, forgetting)),
    )


def lost_from(latents: Place, out: Place, tars: set[str]) -> int:
    """Stored latents of these tars, and of others that are no more."""
    from model.encode.forget import lost_latents  # brings torch along

    stays = {row.shard for row in read_index(out, trusted=False).rows()} - tars
    return len(lost_latents(latents, stays))


def shown(job: Forget, forgetting: Forgetting) -> Iterator[Path]:
    """Sheets, on which several samples are, and the videos of those that leave."""
    for folder in job.sheets:
        videos = sorted(folder.glob("*.mp4"))
        yield from (path for path in videos if path.name[:SOURCE_DIGITS] in forgetting.prefixes)
        yield from sorted(folder.glob("sheet_*.png"))


def seen(job: Forget, out: Place, forgetting: Forgetting) -> Iterator[tuple[str, str]]:
    """For each checkpoint of the runs, what it has seen."""
    for run in job.runs:
        from model.train.seen import seen_by  # brings torch along

        for one in seen_by(run, out, forgetting.prefixes):
            amount = (
                "its order is not known any more" if one.samples is None else f"{one.samples} of the samples"
            )
            yield one.checkpoint, amount


def elsewhere(job: Forget, out: Place, forgetting: Forgetting) -> None:
    """What lies beside the data set leaves: latents of tars that are no more, and sheets."""
    for where in job.latents:
        from model.encode.forget import forget_latents  # brings torch along

        shards = {row.shard for row in read_index(out, trusted=False).rows()}
        forget_latents(Place.at(where), shards, forgetting.gone)
    for path in list(shown(job, forgetting)):
        path.unlink(missing_ok=True)


def read_digest(out: Place) -> str:
    """Digest of the newest index."""
    return read_index(out, trusted=False).digest


def tell(job: Forget, console: Console, found: Leaving, outcome: str) -> None:
    """Say what leaves."""
    if job.json:
        tell_json(console, {**asdict(found), "said": outcome})
        return
    facts: dict[str, Any] = asdict(found)
    counts = [f"{facts[name]} {name}" for name in ("sources", "files", "clips", "samples", "tars", "sheets")]
    counts += [f"{found.others} of the samples of others in the same videos"] * bool(found.others)
    counts += [f"{number} latents in {where}" for where, number in found.latents.items()]
    console.print(f"{', '.join(counts)} {outcome}", highlight=False, soft_wrap=True)
    for checkpoint, amount in found.checkpoints.items():
        console.print(f"{checkpoint} has seen {amount}", highlight=False, soft_wrap=True)
