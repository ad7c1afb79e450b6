"""Controlled clips to Casts: the clips of a source in which the same person is seen, told by faces."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import scipy  # its parts come when they are asked for

from pipeline.geometry import Array, unit
from schemas.controls import Controlled, PersonClips

STRANGERS = 2.0
"""The distance of opposite unit vectors: no two are farther apart."""


@dataclass(frozen=True, kw_only=True)
class GatherSettings:
    """Which clips of a source show the same person."""

    max_face_distance: float = 0.35
    """Groups of clips are one person where the mean distance between their faces is at most this, 0..2.

    Fit for the embedded network: halves of 22 real clips were at 0.25 at most, two of different people at
    0.32 at least, and 1 % of those below this (docs/method.md 6.1).
    """
    min_like: float = 0.6
    """Clips are not of one person where the cosine between their looks is less, whatever their faces say:
    references show what the person wears. Below it are four of five pairs of strangers' clips."""
    min_similarity: float = 0.85
    """A clip without a face is of the person whose looks have at least this cosine with its own, -1..1.

    Fit for the embedder that needs no weights: on 20 real clips the two halves of one were at 0.83 to 1, two
    clips of different people at 0.83 at most. Others need their own value. Too high a value costs references
    from other clips, too low a one mixes people; above 1 none is anybody's.
    """


def gather(items: Iterable[Controlled], settings: GatherSettings) -> list[PersonClips]:
    """The casts of all sources, each clip in exactly one; the order of `items` does not matter.

    Casts are ordered by source, then by their first clip; members by their keys. Clips that show a face are
    put together by faces alone, where looks do not forbid it; each other one joins the person whom it looks
    like, or others like it. A clip in which nobody was looked at stays alone.
    """
    casts = []
    for source, group in groupby(sorted(items, key=place), key=source_key):
        clips = list(group)
        for number, person in enumerate(people_in(clips, settings)):
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


def mean_appearance(clip: Controlled) -> Array:
    """Mean appearance (d,) of a clip, of unit length; zeros where nobody was looked at."""
    return unit(clip.appearance.vectors.sum(axis=0, dtype=np.float64))


def people_in(clips: Sequence[Controlled], settings: GatherSettings) -> list[list[int]]:
    """The clips of one source by person, as numbers; groups and numbers in order of the first ones."""
    looks = np.stack([mean_appearance(clip) for clip in clips])
    like = np.einsum("id,jd->ij", looks, looks)
    faced = [i for i, clip in enumerate(clips) if clip.identity.known]
    apart = face_distances([clips[i] for i in faced])
    apart = np.where(like[np.ix_(faced, faced)] < settings.min_like, STRANGERS, apart)
    people = linked(faced, apart, settings.max_face_distance)
    strangers = []
    for i in sorted(set(range(len(clips))) - set(faced)):
        likest = max(people, key=lambda person: float(like[i, person].mean()), default=[])
        if likest and like[i, likest].mean() >= settings.min_similarity:
            likest.append(i)
        else:
            strangers.append(i)
    unlike = np.clip(1 - like[np.ix_(strangers, strangers)], 0, None)
    people += linked(strangers, unlike, 1 - settings.min_similarity)
    return sorted(sorted(person) for person in people)


def face_distances(clips: Sequence[Controlled]) -> Array:
    """Between the faces of some clips of one source (n, n)."""
    places = [clip.identity.place for clip in clips]
    distances = [clip.identity.distance[places] for clip in clips]
    return np.reshape(distances, (len(clips), len(clips))).astype(np.float64)


def linked(numbers: Sequence[int], distance: Array, most: float) -> list[list[int]]:
    """Numbers in groups by their distances (n, n), by average linkage; none of none."""
    if len(numbers) < 2:
        return [[number] for number in numbers]
    tree = scipy.cluster.hierarchy.linkage(distance[np.triu_indices(len(numbers), 1)], method="average")
    labels = scipy.cluster.hierarchy.fcluster(tree, most, criterion="distance").tolist()
    return [[n for n, other in zip(numbers, labels, strict=True) if other == label] for label in set(labels)]
