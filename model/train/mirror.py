"""A run kept in an object store as well, so that a training goes on where a machine was lost.

    STORE/checkpoints/<phase>-<step>/...    as in the folder; state.json comes last and goes first
    STORE/run.json codec.npz curves/...     as they were at the last checkpoint

A checkpoint without its state.json is none: what a killed copy left is written over by the next one.
"""

from __future__ import annotations

import re
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from model.train import checkpoint
from model.train.checkpoint import NAME, PART, STATE
from model.train.engines.optimizer import KINDS
from model.train.names import CHECKPOINTS, CODEC, CURVES, RUN
from model.train.starts import starts_of
from storage.disk import replacing
from storage.place import Place

PLAIN = r"[\w][\w.-]*"
FILE = re.compile(
    rf"{RUN}|{CODEC}|{CURVES}/{PLAIN}|{CHECKPOINTS}/{NAME.pattern}/"
    rf"({STATE}|({'|'.join([checkpoint.WEIGHTS, *KINDS])})/{PLAIN})"
)
"""What a store's file may be called to be brought here."""


@dataclass(frozen=True)
class Mirror:
    """A run's folder, and the place that holds it as well."""

    run: Path
    store: Place

    def __post_init__(self) -> None:
        if self.store == Place.at(self.run):
            raise ValueError(f"{self.run}: is to be kept elsewhere as well, and not in itself")

    def begin(self) -> None:
        """Bring run.json where the folder has none, from which a training takes what it is not told.

        Raises:
            OSError: the store does not answer.
        """
        if not (self.run / RUN).exists() and self.store.size(RUN) is not None:
            self.bring(RUN, self.run / RUN)

    def fetch(self) -> list[str]:
        """Bring the checkpoints that are newer than the folder's, with what lies beside them; their names.

        Raises:
            ValueError: the store holds another run.
            OSError: it does not answer, or the disk is full.
        """
        held = [name for name in (entry.name for entry in self.store.files()) if FILE.fullmatch(name)]
        own = checkpoint.checkpoints(self.run)
        last = checkpoint.place(own[-1]) if own else (0, 0)
        newer = [name for name in whole(held) if checkpoint.place(Path(name)) > last]
        self.refuse_another()
        for name in held:
            beside = not name.startswith(f"{CHECKPOINTS}/")
            if beside and (newer or not (self.run / name).exists()):
                self.bring(name, self.run / name)
        for number in newer:
            top, folder = f"{CHECKPOINTS}/{number}/", checkpoint.folder_of(self.run, number)
            aside = folder.with_name(number + PART)
            shutil.rmtree(aside, ignore_errors=True)
            for name in held:
                if name.startswith(top):
                    self.bring(name, aside / name.removeprefix(top))
            checkpoint.settle(aside)
            aside.rename(folder)
        return newer

    def refuse_another(self) -> None:
        """Return where the folder and the store tell of the same run, or one of them of none.

        Raises:
            ValueError: they tell of two; or one of them is none of ours.
        """
        if not (self.run / RUN).exists() or self.store.size(RUN) is None:
            return
        theirs = self.run / f".{RUN}.mirror"
        try:
            self.bring(RUN, theirs / RUN)
            if starts_of(theirs)[0] != starts_of(self.run)[0]:
                raise ValueError(f"{self.store}: another run than that of {self.run} is kept there")
        finally:
            shutil.rmtree(theirs, ignore_errors=True)

    def bring(self, name: str, file: Path) -> None:
        """Copy a file from the store; it appears whole or not at all."""
        with replacing(file) as placed:
            for chunk in self.store.chunks(name):
                placed.write(chunk)

    def push(self) -> None:
        """Copy what the store lacks, and remove checkpoints there that the folder has no more.

        Raises:
            OSError: the store does not answer.
        """
        held = [entry.name for entry in self.store.files()]
        own = [folder.name for folder in checkpoint.checkpoints(self.run)]
        for name in (RUN, CODEC, *self.curves()):
            if (self.run / name).exists():
                self.store.write(name, (self.run / name).read_bytes())  # curves grow while they are read
        for number in own:
            if number not in whole(held):
                with suppress(FileNotFoundError):  # too many by now, and removed meanwhile
                    self.send(checkpoint.folder_of(self.run, number))
        kept = {folder.name for folder in checkpoint.checkpoints(self.run)} | set(own)
        for name in sorted(held, key=lambda name: not name.endswith(f"/{STATE}")):
            if FILE.fullmatch(name) and name.startswith(CHECKPOINTS) and name.split("/")[1] not in kept:
                self.store.remove(name)

    def curves(self) -> list[str]:
        """The files of the curves."""
        return sorted(f"{CURVES}/{file.name}" for file in (self.run / CURVES).glob("*") if file.is_file())

    def send(self, folder: Path) -> None:
        """Copy a checkpoint, its state last."""
        files = sorted(file for file in folder.rglob("*") if file.is_file() and file.name != STATE)
        for file in (*files, folder / STATE):
            self.store.put(f"{CHECKPOINTS}/{folder.name}/{file.relative_to(folder).as_posix()}", file)


def whole(held: list[str]) -> list[str]:
    """The checkpoints that are whole among files of these names, oldest first."""
    found = (re.fullmatch(rf"{CHECKPOINTS}/({NAME.pattern})/{STATE}", name) for name in held)
    return sorted((match[1] for match in found if match), key=lambda name: checkpoint.place(Path(name)))
