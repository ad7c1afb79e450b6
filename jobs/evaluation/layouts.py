"""How other systems name what they make, and which part of it is the film: read from their own code.

A pair's reference and driving film go by the names of its files in the benchmark, without their endings: that
is what those systems were given. Films are told by name, never by the order of a folder.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from jobs.evaluation.films import Crop
from jobs.evaluation.manifest import BenchPair


@dataclass(frozen=True, kw_only=True)
class Layout:
    """One system's names."""

    name: str
    pattern: str
    """Of a path below the folder; {ref}, {drv} and {pair} stand for the pair's names."""
    crop: Crop | None = None
    start: int = 0
    """Frame of the film that shows the driving film's first."""
    of_pictures: bool = False
    """Whether it leaves a picture for each frame; the pattern's group `frame` is then the frame's number."""

    def named(self, path: Path, pair: BenchPair) -> re.Match[str] | None:
        """What a file's name says where it is of a pair: the film, or one of its pictures."""
        words = {
            "ref": Path(pair.reference.uri).stem,
            "drv": Path(pair.driving.uri).stem,
            "pair": pair.pair_id,
        }
        pattern = self.pattern.format(**{name: re.escape(word) for name, word in words.items()})
        return re.search(rf"(^|/){pattern}$", path.as_posix())


TIME = r"[\d\-_T:]+"
"""A time of day in a name, however it is written."""
NUMBER = r"[\d.]+"

SYSTEMS = (
    Layout(name="liveportrait", pattern=r"{ref}--{drv}\.mp4"),
    Layout(name="xportrait", pattern=rf"[^/]*_uc{NUMBER}_{{ref}}_by_{{drv}}_mix\d+\.mp4", crop=(0, 3)),
    Layout(name="mimicmotion", pattern=r"{drv}_\d{{14}}\.mp4", start=1),
    Layout(name="dispose", pattern=r"{drv}_\d{{14}}\.mp4", start=1),
    Layout(name="champ", pattern=r"{pair}[^/]*/animation\.mp4"),
    Layout(name="animate_anyone", pattern=rf"{{ref}}_{{drv}}_\d+x\d+_{NUMBER}_{TIME}\.mp4", crop=(2, 3)),
    Layout(name="skyreels_a1", pattern=r"{ref}-{drv}_output\.mp4"),
    Layout(name="act_one", pattern=r"{drv}[-_]{ref}\.mp4"),
    Layout(name="wan_animate", pattern=r"{pair}\.mp4"),
    Layout(name="unianimate_dit", pattern=r"video_\d+P_{ref}[^/]*_{drv}\.mp4"),
    Layout(name="scail", pattern=r"{pair}_\d{{6}}\.mp4"),
    Layout(name="disco", pattern=r"(?:{pair}|{drv})_(?P<frame>\d{{4,6}})\D*\.png", of_pictures=True),
)
"""Unlike the others, MimicMotion and DisPose put the reference first, and DisCo leaves a picture a frame."""
LAYOUTS = {layout.name: layout for layout in SYSTEMS}
