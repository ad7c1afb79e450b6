"""Takes and cameras that a folder of NeRSemble holds, in the layout of 2025 (videos) or 2023 (pictures)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

FPS = 73.0
"""Pictures a second of every camera."""
FRONTAL = "222200037"
SERIALS = (
    *("222200042", "222200044", "222200046", "222200040", "222200036", "222200048", "220700191", "222200041"),
    *(FRONTAL, "222200038", "222200047", "222200043", "222200049", "222200039", "222200045", "221501007"),
)
"""The cameras, in the toolkit's order."""
NOT_TAKES = {"BACKGROUND"}
Version = Literal[1, 2]


@dataclass(frozen=True, kw_only=True)
class MultiViewTake:
    """One sequence of a participant."""

    participant: str  # three digits
    sequence: str
    version: Version
    calibration: Path  # camera_params.json
    cameras: Mapping[str, tuple[Path, ...]]  # by serial: one video, or a picture for each moment
    colours: Mapping[str, Path]  # by serial: the file that tells how its colours are corrected

    @property
    def name(self) -> str:
        """The same in all that is told of the take."""
        return f"nersemble/{self.participant}/{self.sequence}"


def takes_in(folder: Path) -> list[MultiViewTake]:
    """All takes below a folder, by participant and sequence.

    Raises:
        ValueError: there is none.
    """
    found = [take for person in sorted(folder.glob("[0-9][0-9][0-9]")) for take in takes_of(folder, person)]
    if not found:
        raise ValueError(
            f"{folder}: no take of NeRSemble there: 017/sequences/EXP-1-head/images/cam_*.mp4 is one"
        )
    return found


def takes_of(folder: Path, person: Path) -> Iterator[MultiViewTake]:
    """The takes of a participant."""
    for sequence in sorted((person / "sequences").glob("*")):
        if sequence.name in NOT_TAKES:
            continue
        if (sequence / "images").is_dir():
            yield of_version_2(person, sequence)
        elif any(sequence.glob("frame_*")):
            yield of_version_1(folder, person, sequence)


def of_version_2(person: Path, sequence: Path) -> MultiViewTake:
    """A take of videos."""
    videos = {
        path.stem.removeprefix("cam_"): (path,) for path in sorted((sequence / "images").glob("cam_*.mp4"))
    }
    colours = person / "calibration" / "color_calibration.json"
    return MultiViewTake(
        participant=person.name,
        sequence=sequence.name,
        version=2,
        calibration=person / "calibration" / "camera_params.json",
        cameras=videos,
        colours=dict.fromkeys(videos, colours) if colours.exists() else {},
    )


def of_version_1(folder: Path, person: Path, sequence: Path) -> MultiViewTake:
    """A take of pictures; what belongs to the participant may lie in its folder or in folders of all."""
    cameras: dict[str, list[Path]] = {}
    for path in sorted(sequence.glob("frame_*/images*/cam_*.png")):
        cameras.setdefault(path.stem.removeprefix("cam_"), []).append(path)
    places = (
        person / "annotations" / sequence.name / "color_correction",
        folder / "color_correction" / person.name,
    )
    colours = {path.stem: path for place in reversed(places) for path in sorted(place.glob("*.npy"))}
    candidates = (
        person / "camera_params.json",
        folder / "camera_params" / person.name / "camera_params.json",
    )
    return MultiViewTake(
        participant=person.name,
        sequence=sequence.name,
        version=1,
        calibration=next((path for path in candidates if path.exists()), candidates[0]),
        cameras={serial: tuple(paths) for serial, paths in sorted(cameras.items())},
        colours=colours,
    )
