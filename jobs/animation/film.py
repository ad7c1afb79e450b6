"""The film of a person, as it comes to lie on disk: pictures, then their sound, then who signs it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from jobs.animation.drives import Performance
from media.credentials import Signer, sign_film
from media.encode import VideoSettings, write_video
from model.sample.pixels import Pictures


def write(out: Path, played: Performance, windows: Iterator[Pictures], signer: Signer | None) -> None:
    """Write the video aside, with sound and a signature if it has any, and put it in its place."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".animate-") as folder:
        film, loud, signed = (Path(folder) / f"{name}.mp4" for name in ("silent", "loud", "signed"))
        write_video(film, windows, VideoSettings())
        if played.dub:
            played.dub(film, loud)
            film = loud
        if signer:
            sign_film(film, signed, signer)
            film = signed
        film.replace(out)
