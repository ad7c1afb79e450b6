"""Steps with networks that only settings ask for: where they do not, a step is known as it was before."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from engine.core import Step
from pipeline import memory
from pipeline.estimators.content.content import RULE as CONTENT_RULE
from pipeline.estimators.content.content import ContentSettings
from pipeline.estimators.transnet.transitions import RULE as TRANSITION_RULE
from pipeline.estimators.transnet.transitions import TransitionSettings
from pipeline.shots.scan import SplitSettings
from pipeline.stages.screen import Screen, ScreenSettings
from pipeline.stages.split import Split
from schemas.media import Clip, Probed


def with_transitions(
    step: Step[Probed, Clip], how: SplitSettings, transitions: TransitionSettings, source_pixels: int
) -> Step[Probed, Clip]:
    """The split step, with the network that sees transitions where it is asked."""
    if not transitions.is_asked:
        return step
    return replace(
        step,
        make=partial(splitting, how, transitions),
        settings=(how, transitions, TRANSITION_RULE),
        memory_bytes=memory.splitting(source_pixels),
        weights=frozenset({"transitions"}),
    )


def splitting(how: SplitSettings, transitions: TransitionSettings) -> Split:
    """The split stage with the network loaded."""
    return Split(how, transitions.build())


def with_content(
    step: Step[Clip, Clip],
    how: ScreenSettings,
    least_area_px: int,
    content: ContentSettings,
    source_pixels: int,
) -> Step[Clip, Clip]:
    """The screen step, with the networks that see what pictures show where they are asked."""
    if not content.is_asked:
        return step
    return replace(
        step,
        make=partial(screening, how, least_area_px, content),
        settings=(how, least_area_px, content, CONTENT_RULE),
        memory_bytes=memory.judging(source_pixels, content.num_pictures),
        weights=frozenset({"content"}),
    )


def screening(how: ScreenSettings, least_area_px: int, content: ContentSettings) -> Screen:
    """The screen stage with the networks loaded."""
    return Screen(how, least_area_px, content.build())
