"""The house, top down: every setting of a run, and the legs that the data takes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import partial

from dataset.tar import MAX_SAMPLE_BYTES
from dataset.tombstones import NOBODY, Tombstones
from engine.core import Facet, Gather, Step
from engine.leg import Leg
from engine.plans import LapForLap, at_once
from pipeline import memory, plans
from pipeline.backends import Backends
from pipeline.corpora.reach import mostly_reached
from pipeline.estimators.content.content import ContentSettings
from pipeline.estimators.mixtures import file_bytes
from pipeline.estimators.transnet.transitions import TransitionSettings
from pipeline.optional_networks import with_content, with_transitions
from pipeline.settings import check
from pipeline.shots.scan import SplitSettings
from pipeline.stages.acquaint import acquaint
from pipeline.stages.clip_tracks import READS
from pipeline.stages.control import Control, ControlSettings
from pipeline.stages.corpus import Corpus, DropCopies, copies
from pipeline.stages.estimate import WINDOW_MIB, Estimate, EstimateSettings, model_seconds
from pipeline.stages.gather import GatherSettings, gather
from pipeline.stages.one_person import OnePerson
from pipeline.stages.probe import Probe, ProbeSettings
from pipeline.stages.reference import PickReferences, ReferenceSettings
from pipeline.stages.screen import Screen, ScreenSettings
from pipeline.stages.shard import Shard, ShardSettings
from pipeline.stages.split import Split
from pipeline.stretches import RULE, OnePersonSettings
from schemas.controls import Controlled, PersonClips
from schemas.index import IndexRow, ShardPlan
from schemas.media import Clip, Copies, Listed, Probed, Source
from schemas.placement import placement
from schemas.sample import Sample
from schemas.tracks import ROLES, Estimated, Role, Tracked
from storage.place import Where

TRACKS = "tracks"
"""The leg that estimates."""
SAMPLES = "samples"
"""The leg that makes controls and chooses references."""
TARS = "shards"
"""The leg whose laps are tars of samples."""


@dataclass(frozen=True, kw_only=True)
class Curation:
    """Every setting of a run from corpus to index."""

    probe: ProbeSettings = field(default_factory=ProbeSettings)
    split: SplitSettings = field(default_factory=SplitSettings)
    transitions: TransitionSettings = field(default_factory=TransitionSettings)
    screen: ScreenSettings = field(default_factory=ScreenSettings)
    content: ContentSettings = field(default_factory=ContentSettings)
    estimate: EstimateSettings = field(default_factory=EstimateSettings)
    backends: Backends = field(default_factory=Backends)
    one_person: OnePersonSettings = field(default_factory=OnePersonSettings)
    control: ControlSettings = field(default_factory=ControlSettings)
    gather: GatherSettings = field(default_factory=GatherSettings)
    reference: ReferenceSettings = field(default_factory=ReferenceSettings)
    shard: ShardSettings = field(default_factory=ShardSettings)
    sources_per_lap: int = 4
    """Sources that land together: the most that a kill can cost."""
    samples_per_shard: int = 64
    """Most samples in one tar."""
    gpu_share: float = placement(0.5)
    """Share of a GPU that a worker takes to estimate, where an estimator runs on one."""
    min_kept_share: float = 0.01
    """The job fails where a smaller share of the clips that were cut ends up in the index."""

    def __post_init__(self) -> None:
        check(self)


def legs(
    run: Curation,
    out: Where,
    dropped: Collection[str] = (),
    tombstones: Tombstones = NOBODY,
    denied: Mapping[str, str] | None = None,
) -> list[Leg]:
    """The legs of a run into the place `out`, in order; each arrow is a record, each leg's end a landing.

    The samples of sources that are `dropped`, by their addresses, leave the data set; sources that have
    `tombstones` do not come back. Those are no part of what landed work is known by: it holds none of them.
    Samples that are `denied` are in no tar; only tars that would hold any are known by that.
    """
    listing = partial(plans.listed, sources_per_lap=run.sources_per_lap)
    catalogue = partial(at_once, reads=(Source,), check=mostly_reached)
    tars = partial(plans.shards, samples_per_shard=run.samples_per_shard, denied=denied or {})
    return [
        Leg(name="sources", steps=(corpus(tombstones),), plan=listing),
        Leg(name="catalogue", steps=(same_content(), first(dropped)), plan=catalogue, after=("sources",)),
        Leg(
            name="clips",
            steps=(probe(run), split(run), screen(run)),
            plan=plans.first_copies,
            after=("catalogue",),
            beside=("sources",),
        ),
        Leg(
            name=TRACKS, steps=(estimate(run), same_source()), plan=LapForLap(reads=(Clip,)), after=("clips",)
        ),
        Leg(
            name=SAMPLES,
            steps=(one_person(run), control(run), same_person(run), reference(run)),
            plan=LapForLap(reads=(Tracked,)),
            after=(TRACKS,),
        ),
        Leg(name=TARS, steps=(shard(run, out, denied or {}),), plan=tars, after=(SAMPLES,)),
    ]


def corpus(tombstones: Tombstones) -> Step[Listed, Source]:
    """A file that the corpus names, hashed."""
    return Step(
        name="corpus",
        make=partial(Corpus, tombstones),
        version=Corpus.version,
        takes=Listed,
        gives=Source,
        memory_bytes=memory.LIST,
    )


def same_content() -> Gather[Source, Copies]:
    """Files of one content, together."""
    return Gather(name="same_content", group=copies, takes=Source, gives=Copies)


def first(dropped: Collection[str]) -> Step[Copies, Source]:
    """The first of each content that is not dropped; the others are rejects."""
    kept_out = tuple(sorted(dropped))
    make = partial(DropCopies, kept_out)
    return Step(
        name="first",
        make=make,
        version=DropCopies.version,
        takes=Copies,
        gives=Source,
        settings=kept_out or None,
    )


def probe(run: Curation) -> Step[Source, Probed]:
    """The facts of the video stream."""
    return Step(
        name="probe",
        make=partial(Probe, run.probe),
        version=Probe.version,
        takes=Source,
        gives=Probed,
        settings=run.probe,
        memory_bytes=memory.LIST,
    )


def split(run: Curation) -> Step[Probed, Clip]:
    """Stretches of single shots."""
    step = Step(
        name="split",
        make=partial(Split, run.split),
        version=Split.version,
        takes=Probed,
        gives=Clip,
        settings=run.split,
        memory_bytes=memory.decoding(run.probe.max_source_pixels),
    )
    return with_transitions(step, run.split, run.transitions, run.probe.max_source_pixels)


def screen(run: Curation) -> Step[Clip, Clip]:
    """Clips that are worth an estimate; the smaller the canvas, the smaller the pictures that do for it."""
    least_area_px = round(run.screen.min_source_share * run.control.canvas_area)
    step = Step(
        name="screen",
        make=partial(Screen, run.screen, least_area_px),
        version=Screen.version,
        takes=Clip,
        gives=Clip,
        settings=(run.screen, least_area_px),
    )
    return with_content(step, run.screen, least_area_px, run.content, run.probe.max_source_pixels)


def estimate(run: Curation) -> Step[Clip, Estimated]:
    """All that the estimators say of a clip, a facet for each of them."""
    how, backends = run.estimate, run.backends
    return Step(
        name="estimate",
        make=partial(estimating, how, backends, run.one_person),
        version=Estimate.version,
        takes=Clip,
        gives=Estimated,
        settings=(how.window_frames, WINDOW_MIB),
        facets=tuple(facet(run, role) for role in ROLES),
        gpus=run.gpu_share if backends.on_gpu else 0.0,
        memory_bytes=memory.estimating(run.probe.max_source_pixels, WINDOW_MIB) + file_bytes(backends),
        weights=frozenset({"estimators"}),
        light=model_seconds,
    )


def facet(run: Curation, role: Role) -> Facet:
    """The tracks of a role: what its estimator says, how often it is asked, and of which stretches."""
    also: dict[Role, object] = {
        "appearance": run.estimate.look_every_frames,
        "identity": (run.one_person, RULE),
    }
    settings = (getattr(run.backends, role), also.get(role))
    return Facet(name=role, settings=settings, reads=READS[role], gathered=role == "identity")


def estimating(how: EstimateSettings, backends: Backends, one_person: OnePersonSettings) -> Estimate:
    """The estimate stage with its weights loaded."""
    return Estimate(how, backends.build(), one_person)


def same_source() -> Gather[Estimated, Tracked]:
    """The stretches of a source told how far their faces are apart."""
    return Gather(name="same_source", group=acquaint, takes=Estimated, gives=Tracked)


def one_person(run: Curation) -> Step[Tracked, Tracked]:
    """Stretches of one person."""
    return Step(
        name="one_person",
        make=partial(OnePerson, run.one_person),
        version=OnePerson.version,
        takes=Tracked,
        gives=Tracked,
        settings=run.one_person,
        memory_bytes=memory.LIST,
    )


def control(run: Curation) -> Step[Tracked, Controlled]:
    """Head spheres, skeletons, face windows, framing and yaw on the canvas."""
    return Step(
        name="control",
        make=partial(Control, run.control),
        version=Control.version,
        takes=Tracked,
        gives=Controlled,
        settings=run.control,
        memory_bytes=memory.LIST,
    )


def same_person(run: Curation) -> Gather[Controlled, PersonClips]:
    """The clips of a source in which the same person is seen, together."""
    group = partial(gather, settings=run.gather)
    return Gather(name="same_person", group=group, takes=Controlled, gives=PersonClips, settings=run.gather)


def reference(run: Curation) -> Step[PersonClips, Sample]:
    """References by yaw from all over the source."""
    return Step(
        name="reference",
        make=partial(PickReferences, run.reference),
        version=PickReferences.version,
        takes=PersonClips,
        gives=Sample,
        settings=run.reference,
        memory_bytes=memory.LIST,
    )


def shard(run: Curation, out: Where, denied: Mapping[str, str]) -> Step[ShardPlan, IndexRow]:
    """Samples encoded into one tar."""
    return Step(
        name="shard",
        make=partial(Shard, run.shard, out, dict(denied)),
        version=Shard.version,
        takes=ShardPlan,
        gives=IndexRow,
        settings=run.shard,
        memory_bytes=memory.storing(
            run.probe.max_source_pixels, run.shard.window, run.control.canvas_area, MAX_SAMPLE_BYTES
        ),
    )
