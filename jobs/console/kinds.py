"""What flags take, by the word that help shows for it in place of its type."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from tyro.conf import arg

Address = Annotated[str, arg(metavar="ADDRESS")]
Column = Annotated[str | None, arg(metavar="COLUMN")]
Conditions = Annotated[tuple[str, ...], arg(metavar="COLUMN=VALUE ...")]
Device = Annotated[str, arg(metavar="DEVICE")]
File = Annotated[str, arg(metavar="FILE")]
Folder = Annotated[str, arg(metavar="FOLDER")]
Folders = Annotated[tuple[str, ...], arg(metavar="FOLDER ...")]
Keys = Annotated[tuple[str, ...], arg(metavar="KEY ...")]
Machines = Annotated[tuple[str, ...], arg(metavar="NAME=COUNTxCORES+GPUS@PRICE ...")]
Names = Annotated[tuple[str, ...], arg(metavar="NAME ...")]
NamedFolders = Annotated[tuple[str, ...], arg(metavar="NAME=FOLDER ...")]
NamedSystems = Annotated[tuple[str, ...], arg(metavar="NAME=SYSTEM ...")]
OptionalFile = Annotated[str | None, arg(metavar="FILE")]
OptionalFolder = Annotated[str | None, arg(metavar="FOLDER")]
OutFolder = Annotated[str | Path, arg(metavar="FOLDER")]
Reasons = Annotated[tuple[str, ...], arg(metavar="REASON ...")]
Sources = Annotated[tuple[str, ...], arg(metavar="ADDRESS|SHA256 ...")]
Videos = Annotated[str | Path, arg(metavar="FOLDER|FILE")]
VideosAddress = Annotated[str, arg(metavar="FOLDER|FILE")]
Words = Annotated[str, arg(metavar="WORDS")]
