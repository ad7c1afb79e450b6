"""TensorBoard: every number of every step, and films of held-out clips."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from PIL import Image
from tensorboard.compat.proto.summary_pb2 import Summary
from torch import Tensor
from torch.utils.tensorboard import SummaryWriter

from model.train.loop import StepMetrics
from model.train.phases import Change, Phase
from model.train.validation import ValidationResult
from schemas.visible import visible

FRAME_MS = 40
"""A GIF counts in hundredths of a second: 25 frames a second for our 24."""


class TensorBoardWriter:
    """Writes what a training says; steps that were taken again after a kill replace those of before."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.opened: SummaryWriter | None = None

    def writer(self, total: int) -> SummaryWriter:
        """The writer, opened when the first thing is said; what an earlier start said from there on goes."""
        if self.opened is None:
            self.opened = SummaryWriter(str(self.folder), purge_step=total)
        return self.opened

    def entered(self, changed: Change, done: int, phase: Phase) -> None:
        """A phase begins, or a run goes on in one."""

    def stepped(self, step: StepMetrics) -> None:
        """Numbers of a step."""
        for name, number in step.metrics.items():
            self.writer(step.total).add_scalar(name, number, step.total)
        for name, number in {**step.seconds, **step.speed}.items():
            self.writer(step.total).add_scalar(f"speed/{name}", number, step.total)
        self.writer(step.total).add_scalar("speed/memory_gib", step.memory_gib, step.total)

    def validated(self, result: ValidationResult, total: int) -> None:
        """The loss of held-out clips, and films."""
        writer: Any = self.writer(total)  # torch types its file_writer as None
        writer.add_scalar("validation", result.loss, total)
        for name in result.metrics.keys() - {"loss"}:
            writer.add_scalar(f"validation/{name}", result.metrics[name], total)
        for film in result.films:
            _, height, width, _ = film.pictures.shape
            image = Summary.Image(
                height=height, width=width, colorspace=3, encoded_image_string=as_gif(film.pictures)
            )
            value = Summary.Value(tag=f"held out {visible(film.key)}", image=image)
            writer.file_writer.add_summary(Summary(value=[value]), total)

    def saved(self, folder: Path) -> None:  # noqa: ARG002 - a watch's signature
        """A checkpoint was written: let the curves be on the disk too."""
        if self.opened is not None:
            self.opened.flush()

    def close(self) -> None:
        """Write what is left."""
        if self.opened is not None:
            self.opened.close()


def as_gif(pictures_FHW3: Tensor) -> bytes:
    """Pictures, 0..255, as a film that a browser shows without end."""
    pictures = map(Image.fromarray, pictures_FHW3.numpy())
    first, *others = (picture.quantize(method=Image.Quantize.FASTOCTREE) for picture in pictures)
    file = io.BytesIO()
    first.save(file, "GIF", save_all=True, append_images=others, duration=FRAME_MS, loop=0)
    return file.getvalue()
