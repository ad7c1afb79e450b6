"""Commands as the documents name them, with small settings: nobody waits here as long as a reader would.

python -m tests.docs.commands understudy|make|tensorboard ARGUMENTS
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

from jobs.cli import main

ROOT = Path(__file__).resolve().parents[2]
SMALL_STEPS = ("--settings.phases.{}.steps", "1")
TRAIN = (
    *(word.format(phase) for phase in range(3) for word in SMALL_STEPS),
    *("--settings.sizes.width", "24", "--settings.sizes.heads", "2", "--settings.sizes.layers", "1"),
    *("--settings.sizes.motion.side", "32", "--settings.sizes.motion.stem", "8"),
    *("--settings.validation.clips", "1", "--settings.validation.times", "1"),
    *("--settings.validation.films", "0", "--settings.loader.workers", "0"),
)
SMALL = {
    "train": TRAIN,
    "animate": (
        "--sampler.steps",
        "1",
        *(f"--sampler.{weight}=1" for weight in ("references", "pose", "face")),
    ),
    "preview": ("--samples", "2"),
    "estimate-cost": ("--hours", "20"),
}


def understudy(args: list[str]) -> int:
    """The command, with what makes it short."""
    more = SMALL.get(args[0], ())
    if "speech_tiny" in args:
        more = (*more, *(word.format(3) for word in SMALL_STEPS))
    return main([*args, *more])


def make(args: list[str]) -> int:
    """A recipe of the checkout's, on the small videos and into this folder."""
    words = [word for word in args if not word.startswith("VIDEOS=")]
    folders = (f"VIDEOS={Path('videos').resolve()}", f"OUT={Path('demo').resolve()}")
    command: list[str | Path] = ["/usr/bin/make", "-C", ROOT, "-o", "setup", *words, *folders]
    return subprocess.run(command, check=False).returncode


def tensorboard(args: list[str]) -> int:
    """Start it, read the loss of a step from it as a browser would, and end it."""
    command: list[str | Path] = [Path(sys.executable).with_name("tensorboard"), *args, "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        lines = iter(process.stderr.readline, "")
        address = next(found[0] for line in lines if (found := re.search(r"http://\S+", line)))
        with urlopen(f"{address}data/plugin/scalars/scalars?tag=loss&run=.") as answer:
            (_, step, loss), *_ = json.load(answer)
        process.terminate()
    print(f"loss {loss} at step {step}")
    return 0


if __name__ == "__main__":
    name, *given = sys.argv[1:]
    sys.exit({"understudy": understudy, "make": make, "tensorboard": tensorboard}[name](given))
