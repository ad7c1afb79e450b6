"""Small made-up films, and benchmarks of them."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
from PIL import Image

from jobs.cli import main
from media.encode import VideoSettings, write_video

FRAMES = 6


def moving(frames: int = FRAMES, noise: float = 0.0, seed: int = 7) -> np.ndarray:
    """A pattern that moves two pixels a frame, under noise."""
    rng = np.random.default_rng(seed)
    picture = np.kron(rng.integers(0, 256, (8, 12, 3)), np.ones((8, 8, 1), int))
    film = np.stack([np.roll(picture, 2 * t, axis=1) for t in range(frames)]).astype(float)
    return np.clip(film + noise * rng.normal(size=film.shape), 0, 255).astype(np.uint8)


def write(path: Path, frames: np.ndarray) -> Path:
    """A film, nearly without loss."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_video(path, [frames], VideoSettings(crf=5))
    return path


def benchmark(folder: Path, *pairs: str, kind: str = "self") -> Path:
    """A benchmark of pairs, each driven by a film of a pattern of its own."""
    rows = ["pair_id,kind,driving,reference"]
    for number, pair in enumerate(pairs):
        write(folder / "true" / f"{pair}.mp4", moving(seed=number))
        Image.fromarray(moving(1, seed=number)[0]).save(folder / "true" / f"{pair}.png")
        rows.append(f"{pair},{kind},true/{pair}.mp4,true/{pair}.png")
    (folder / "films.csv").write_text("\n".join(rows) + "\n")
    bench = folder / "bench.json"
    assert main(["evaluate", "manifest", "--table", str(folder / "films.csv"), "--out", str(bench)]) == 0
    return bench


def made(folder: Path, method: str, pairs: tuple[str, ...], noise: float) -> str:
    """Films of a method, as the command is given them; without noise the true ones."""
    (folder / method).mkdir(exist_ok=True)
    for number, pair in enumerate(pairs):
        if noise:
            write(folder / method / f"{pair}.mp4", moving(noise=noise, seed=number))
        else:
            shutil.copy(folder / "true" / f"{pair}.mp4", folder / method / f"{pair}.mp4")
    return f"{method}={folder / method}"
