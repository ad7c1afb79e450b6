"""Pictures and sound of a take: same take, same bytes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from jobs.synthetic.acted import Acted, acted, frame_times, speech_of, views
from jobs.synthetic.person import Person, person
from jobs.synthetic.rasterise import FAR_M, CameraView, Map, rasterise
from jobs.synthetic.scenery import Room, View, board_seen, random_room
from jobs.synthetic.take import Take, hips_at
from schemas.media import SOUND_RATE, Frames

Array = NDArray[np.float64]

TEXTURE_PX = 4096.0
"""Texture coordinates are told in parts of this, px, and light in halves, to stay below 1."""
AMBIENT, SKY, KEY = 0.40, 0.16, 0.66
"""Light from all around, from above and from the lamp."""
WALL_BEHIND_M = 1.6


@dataclass(frozen=True)
class FilmSet:
    """The people of a take, made ready, and the room."""

    take: Take
    people: tuple[Person, ...]
    room: Room


def cast(take: Take, folder: Path) -> FilmSet:
    """Everyone and everything of a take; what is dear is kept in `folder`."""
    people = tuple(person(actor.identity, actor.surface, folder) for actor in take.actors)
    places = [hips_at(actor, who, take.camera) for actor, who in zip(take.actors, people, strict=True)]
    floor = places[0][1] + people[0].stature[1]
    wall = max(place[2] for place in places) + WALL_BEHIND_M
    return FilmSet(take, people, random_room(np.random.default_rng((take.seed, 5)), floor, wall))


def frames(on: FilmSet) -> Frames:
    """All pictures (t, h, w, 3)."""
    return np.stack(list(each_frame(on)))


def each_frame(on: FilmSet) -> Iterator[NDArray[np.uint8]]:
    """The pictures (h, w, 3) one by one."""
    take = on.take
    offsets = take.shutter * ((np.arange(take.exposures) + 0.5) / take.exposures - 0.5) / take.fps
    times = (frame_times(take)[:, None] + offsets).reshape(-1)
    doing = [acted(take, actor, who, times) for actor, who in zip(take.actors, on.people, strict=True)]
    seen = views(take, times)
    for first in range(0, len(times), take.exposures):
        shots = [exposed(on, doing, seen[k], k) for k in range(first, first + take.exposures)]
        yield np.asarray(np.clip(np.mean(shots, axis=0) + 0.5, 0, 255), np.uint8)


def exposed(on: FilmSet, doing: list[Acted], view: View, moment: int) -> Map:
    """One picture (h, w, 3), 0..255, drawn larger and made small."""
    take = on.take
    camera = take.camera.scaled(take.sharpness)
    size = (take.width, take.height)
    empty = on.room.seen(take.camera, view)
    picture = cv2.resize(empty, (camera.width, camera.height), interpolation=cv2.INTER_LINEAR)
    depth = np.full(picture.shape[:2], FAR_M / 2, np.float32)
    layers = [board_seen(board, camera, view) for board in take.boards]
    layers += [
        person_seen(
            who, camera, view.seen(who.surface(motion.bones, motion.face[moment], moment)), view, on.room
        )
        for who, motion in zip(on.people, doing, strict=True)
    ]
    for colours, away in layers:
        rows, columns = covered(away)
        nearer = (away < depth)[rows, columns]
        np.copyto(picture[rows, columns], colours[rows, columns], where=nearer[..., None])
        np.copyto(depth[rows, columns], away[rows, columns], where=nearer)
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.float32)


def covered(depth: Map) -> tuple[slice, slice]:
    """Rows and columns of a depth map (h, w) between which something is seen."""
    x, y, width, height = cv2.boundingRect((depth < FAR_M / 2).astype(np.uint8))
    return slice(y, y + height), slice(x, x + width)


def person_seen(who: Person, camera: CameraView, vertices: Array, view: View, room: Room) -> tuple[Map, Map]:
    """Colours (h, w, 3), 0..255, and depth (h, w) m of a person; vertices (n, 3) in the camera frame."""
    mesh = who.mesh
    normals = mesh.normals(vertices) @ view.rotation.T
    light = AMBIENT + SKY * (0.5 - 0.5 * normals[:, 1]) + KEY * np.clip(normals @ room.light, 0, 1)
    values = np.concatenate([mesh.texture / TEXTURE_PX, light[mesh.corner][:, None] / 2], axis=1)
    shown, depth = rasterise(camera, vertices[mesh.corner], mesh.triangles, values)
    rows, columns = covered(depth)
    own = shown[rows, columns]
    where = TEXTURE_PX * own[..., :2] - 0.5
    surface = cv2.remap(who.texture, where[..., 0], where[..., 1], cv2.INTER_LINEAR)
    shown[rows, columns] = surface * (2 * own[..., 2:])
    return shown, depth


def sound(take: Take) -> NDArray[np.int16]:
    """The voices of all who speak (n,), 16 kHz, as long as the pictures; silence where nobody does."""
    num = round(take.num_frames / take.fps * SOUND_RATE)
    total = np.zeros(num, np.float32)
    for actor in take.actors:
        speech = speech_of(take, actor)
        if speech is not None:
            total += speech.sound(num, SOUND_RATE)
    return np.asarray(np.clip(total, -1, 1) * 32767, np.int16)
