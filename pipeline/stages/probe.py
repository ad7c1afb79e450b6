"""Source -> Probed: what is in the file, and whether it can be read at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from media.container import open_source, opened_file
from media.opt_out import reservations
from media.probe import probe, tags_of
from schemas.media import Probed, Source
from schemas.outcome import Rejected

MOST_LETTERS = 300
"""Letters of a file's words that are kept."""
WIDEST, LONGEST = 0.2, 20.0
"""Focal lengths of cameras without distortion, over the longer side of their pictures: 136 to 3 degrees."""


@dataclass(frozen=True, kw_only=True)
class ProbeSettings:
    """What a source may be at most."""

    max_source_pixels: int = 4096 * 2304
    """Width times height of a picture; larger ones are refused before their memory is taken."""

    max_duration_s: float = 12 * 3600.0
    """Longer files are taken for broken headers."""

    max_pixel_stretch: float = 0.1
    """How far a pixel's aspect may be from square."""

    keep_opted_out: bool = False
    """Take files that say that nobody may learn from them (C2PA, IPTC, TDM): you have their owners' leave."""


class Probe:
    """Gives the source with the facts of its largest video stream."""

    version: ClassVar[int] = 4

    def __init__(self, settings: ProbeSettings) -> None:
        self.settings = settings

    def __call__(self, source: Source) -> Iterator[Probed]:
        """The probed source; `media.probe` says the reasons of rejects; also opted_out, wrong_camera."""
        probed = probe(
            source,
            max_pixels=self.settings.max_source_pixels,
            max_duration_s=self.settings.max_duration_s,
            max_pixel_stretch=self.settings.max_pixel_stretch,
        )
        if not self.settings.keep_opted_out:
            refuse_opted_out(source, self.settings.max_source_pixels)
        refuse_other_lens(probed)
        yield probed


def refuse_opted_out(source: Source, max_pixels: int) -> None:
    """Returns where a file does not say that it may not be learned from.

    Raises:
        Rejected: opted_out.
    """
    with (
        open_source(source, max_pixels=max_pixels) as container,
        opened_file(Path(container.name)) as file,
    ):
        reserved = reservations(file, tags_of(container))
    if reserved:
        raise Rejected("opted_out", "; ".join(reserved)[:MOST_LETTERS])


def refuse_other_lens(video: Probed) -> None:
    """Returns where the camera that the manifest tells can have taken pictures of this size.

    Raises:
        Rejected: wrong_camera.
    """
    lens = video.source.origin.lens
    if lens is None:
        return
    inside = 0 <= lens.principal_x <= video.width - 1 and 0 <= lens.principal_y <= video.height - 1
    ratio = lens.focal_px / max(video.width, video.height)
    if not inside or not WIDEST <= ratio <= LONGEST:
        raise Rejected(
            "wrong_camera",
            f"a focal length of {lens.focal_px:g} px and a principal point at {lens.principal_x:g}, "
            f"{lens.principal_y:g} in pictures of {video.width}x{video.height}",
        )
