"""What a method made of a pair, opened: a film, or pictures that are its frames."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from jobs.evaluation.films import MAX_PIXELS, Pictures, column, facts_of, fitted, loss_of, pictures_of
from jobs.evaluation.results import MadeResult
from media.stills import read_still
from schemas.media import Probed
from schemas.outcome import Rejected

LOSSLESS_PICTURES = {".png", ".bmp"}


@dataclass(frozen=True, kw_only=True)
class OpenedFilm:
    """A film's facts; its pictures are read when they are asked for."""

    made: MadeResult
    width: int
    height: int
    fps: float
    """As its file says, unless its method says another; pictures have the driving film's."""
    loss: str
    """What a lossy codec may have cost, in a few words; empty where it costs nothing."""
    video: Probed | None
    """None where it is pictures."""

    def pictures(self, size: tuple[int, int] | None = None) -> Iterator[Pictures]:
        """Its pictures (h, w, 3), RGB, in order, in a size (width, height) where one is given.

        Raises:
            Rejected: as `films.pictures_of`; a picture cannot be read or has another size than the first.
        """
        if self.video is not None:
            yield from pictures_of(self.video, start=self.made.start, crop=self.made.crop, size=size)
            return
        for path in self.made.pictures[self.made.start :]:
            picture = one_picture(path)
            if picture.shape[1::-1] != (self.width, self.height):
                raise Rejected(
                    "not_comparable",
                    f"{path.name}: {picture.shape[1]}x{picture.shape[0]} px, not as the first",
                )
            yield fitted(column(picture, self.made.crop), size)


def opened_film(made: MadeResult, fps: float) -> OpenedFilm:
    """What a method made, and its facts; `fps` are the driving film's.

    Raises:
        Rejected: "missing", or there is no film or picture that can be read; says why.
    """
    if made.pictures:
        height, width = one_picture(made.pictures[0]).shape[:2]
        kinds = sorted({path.suffix.lower() for path in made.pictures} - LOSSLESS_PICTURES)
        loss, video = ", ".join(kind.removeprefix(".") for kind in kinds), None
    else:
        video = facts_of(made.path)
        width, height, loss, fps = video.width, video.height, loss_of(video), video.fps
    return OpenedFilm(made=made, width=width, height=height, fps=made.fps or fps, loss=loss, video=video)


def one_picture(path: Path) -> Pictures:
    """A picture, none of it shrunk.

    Raises:
        Rejected: it cannot be read.
    """
    try:
        return read_still(path, max_pixels=MAX_PIXELS)
    except Rejected as no:
        raise Rejected(no.reason, f"{path.name}: {no.detail}") from no
