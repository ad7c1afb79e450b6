"""Controlled clips to Casts: the clips of a source in which the same person is seen, told by appearance."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import scipy  # its parts come when they are asked for

from pipeline.geometry import Array, unit
from schemas.controls import Controlled, PersonClips


@dataclass(frozen=True, kw_only=True)
class GatherSettings:
    """Which clips of a source show the same person."""

    min_similarity: float = 0.85
    """Groups of clips are one person where the mean cosine between their looks is at least this, -1..1.

    Fit for the embedder that needs no weights: on 20 real clips the two halves of one were at 0.83 to 1, two
    clips of different people at 0.83 at most. Others need their own value. Too high a value costs references
    from other clips, too low a one mixes people.
    """


def gather(items: Iterable[Controlled], settings: GatherSettings) -> list[PersonClips]:
    """The casts of all sources, each clip in exactly one; the order of `items` does not matter.

    Casts are ordered by source, then by their first clip; members by their keys. A clip in which nobody was
    looked at stays alone.
    """
    casts = []
    for source, group in groupby(sorted(items, key=place), key=source_key):
        clips = list(group)
        people = alike(np.stack([mean_look(clip) for clip in clips]), settings.min_similarity)
        for number, person in enumerate(people):
            key = f"{source}-{number}"
            members = tuple(clips[i] for i in person)
            casts.append(PersonClips(key=key, person=person_of(key, members), members=members))
    return casts


def person_of(key: str, clips: Sequence[Controlled]) -> str:
    """Who is seen in the clips of a cast: by their subject where the manifest tells one, else by the cast.

    So the clips of two casts, or of two sources, show one person where one subject is told of them.
    """
    subject = clips[0].clip.video.source.origin.subject
    return f"subject-{hashlib.sha256(subject.encode()).hexdigest()[:12]}" if subject else key


def source_key(clip: Controlled) -> str:
    """Key of the source that a clip is from."""
    return clip.clip.video.key


def place(clip: Controlled) -> tuple[str, str]:
    """Where a clip comes in the order of all clips."""
    return source_key(clip), clip.key


def mean_look(clip: Controlled) -> Array:
    """Mean appearance (d,) of a clip, of unit length; zeros where nobody was looked at."""
    return unit(clip.appearance.vectors.sum(axis=0, dtype=np.float64))


def alike(looks: Array, min_similarity: float) -> list[list[int]]:
    """Rows of `looks` (n, d) in groups, by average linkage; groups and rows in order of first rows."""
    if len(looks) == 1:
        return [[0]]
    distance = np.clip(1 - np.einsum("id,jd->ij", looks, looks), 0, None)
    tree = scipy.cluster.hierarchy.linkage(distance[np.triu_indices(len(looks), 1)], method="average")
    labels = scipy.cluster.hierarchy.fcluster(tree, 1 - min_similarity, criterion="distance").tolist()
    return [[i for i, other in enumerate(labels) if other == label] for label in dict.fromkeys(labels)]
