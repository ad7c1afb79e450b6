"""Weight files, runs and autoencoders of strangers: pickles, archives, headers, lists and settings."""

from __future__ import annotations

import builtins
import os
import pickle
import shutil
import tempfile
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from random import Random

import torch
from safetensors.torch import save_file

from benchmarks.faults.reading import Family, Read
from model.nets.autoencoders.opened import open_codec
from model.train.load import trained
from model.train.starts import starts_of
from storage.weight_files import read_weights
from tests.mutants import mutant
from tests.stored import write_data_set
from tests.trained import train_on_all

CPU = torch.device("cpu")
MOST_PIXELS = 2**26
INDEX = "model.safetensors.index.json"


class Runs:
    """Pickles into a call."""

    def __init__(self, function: object, *arguments: object) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return self.call


PAYLOADS: tuple[Callable[[str], Runs], ...] = (
    lambda trap: Runs(os.system, f"touch {trap}"),
    lambda trap: Runs(eval, f"open({trap!r}, 'w')"),
    lambda trap: Runs(exec, f"open({trap!r}, 'w')"),
    lambda trap: Runs(builtins.open, trap, "w"),
    lambda trap: Runs(os.mkdir, trap),
    lambda trap: Runs(shutil.copyfile, "/dev/null", trap),
    lambda trap: Runs(list, Runs(os.listdir, "/"), Runs(os.mkdir, trap)),
    lambda _: Runs(getattr, Runs(__import__, "os"), "mkdir"),
    lambda trap: Runs(torch.load, trap),
    lambda trap: Runs(pickle.loads, pickle.dumps(Runs(os.mkdir, trap))),
    lambda _: Runs(bytes, 2**40),
    lambda _: Runs(torch.ones, 2**40),
)


def prepare(folder: Path) -> None:
    """Good weights in every form, and a run."""
    write_forms(folder)
    write_data_set(folder)
    train_on_all(folder / "set", folder / "run")


def write_forms(folder: Path) -> None:
    """Good weights in every form."""
    draw = torch.Generator().manual_seed(0)
    tensors = {f"blocks.{n}.weight": torch.randn(8, 16, generator=draw) for n in range(6)}
    torch.save({"state_dict": tensors}, folder / "a.pth")
    save_file(tensors, folder / "a.safetensors")
    (folder / "shards").mkdir()
    save_file(dict(list(tensors.items())[:3]), folder / "shards" / "1.safetensors")
    save_file(dict(list(tensors.items())[3:]), folder / "shards" / "2.safetensors")
    named = ", ".join(f'"{name}": "{1 + (n > 2)}.safetensors"' for n, name in enumerate(tensors))
    (folder / "shards" / INDEX).write_text(
        f'{{"metadata": {{"total_size": 3072}}, "weight_map": {{{named}}}}}'
    )


def read(seed: int, folder: Path, trap: Path) -> Read:
    """A file or folder of strangers: read, or refused in a sentence that names it."""
    draw = Random(f"weights {seed}")
    kind = sorted(KINDS)[seed % len(KINDS)]
    with tempfile.TemporaryDirectory() as own, warnings.catch_warnings(action="ignore"):
        try:
            KINDS[kind](draw, folder, Path(own), trap)
        except (ValueError, OSError) as error:
            if own not in str(error):
                raise
            return Read(what=kind, end="rejected", reason=kind)
    return Read(what=kind, end="read")


def pickled(draw: Random, _: Path, own: Path, trap: Path) -> None:
    """Calls beside weights, or in place of them."""
    payload = draw.choice(PAYLOADS)(str(trap))
    weights = {"a.weight": torch.ones(1)}
    whole = draw.choice((payload, {"state_dict": weights, "by": payload}, {"state_dict": payload}, [payload]))
    file = own / draw.choice(("a.pth", "a.pt", "a.ckpt", "a.bin"))
    torch.save(whole, file, _use_new_zipfile_serialization=draw.random() < 0.6)
    if draw.random() < 0.3:
        file.write_bytes(
            mutant("a.pth" if zipfile.is_zipfile(file) else "a", file.read_bytes(), draw.getrandbits(64))
        )
    read_weights(file)


def zipped(draw: Random, folder: Path, own: Path, _: Path) -> None:
    """An archive that is changed, or compressed, or of something else."""
    file = own / "a.pth"
    data = (folder / "a.pth").read_bytes()
    kind = draw.random()
    if kind < 0.1:
        with (
            zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,
            archive.open("a/data/0", "w") as entry,
        ):
            for _mib in range(draw.choice((64, 1024))):
                entry.write(bytes(2**20))
    elif kind < 0.2:
        with zipfile.ZipFile(file, "w") as archive:
            for name in ("x/data.pkl", "x/constants.pkl", "x/code/__torch__.py"):
                archive.writestr(name, pickle.dumps({"a": draw.random()}))
    else:
        file.write_bytes(mutant("a.pth", data, draw.getrandbits(64)))
    read_weights(file)


def header(draw: Random, folder: Path, own: Path, _: Path) -> None:
    """A safetensors file whose list of tensors lies."""
    file = own / "a.safetensors"
    file.write_bytes(mutant("a.safetensors", (folder / "a.safetensors").read_bytes(), draw.getrandbits(64)))
    read_weights(file)


def index(draw: Random, folder: Path, own: Path, _: Path) -> None:
    """A list of files of weights that lies, or files that are none."""
    place = Path(shutil.copytree(folder / "shards", own / "shards"))
    kind = draw.random()
    if kind < 0.1:
        (place / "1.safetensors").unlink()
        os.mkfifo(place / "1.safetensors")
    elif kind < 0.2:
        (place / INDEX).unlink()
        os.mkfifo(place / INDEX)
    else:
        (place / INDEX).write_bytes(mutant("a.json", (place / INDEX).read_bytes(), draw.getrandbits(64)))
    read_weights(place)


def settings(draw: Random, folder: Path, own: Path, _: Path) -> None:
    """A run whose settings, standing or list of starts lie."""
    place = Path(shutil.copytree(folder / "run", own / "run"))
    last = max((place / "checkpoints").iterdir())
    file = draw.choice((place / "run.json", last / "state.json", last / "state.json"))
    file.write_bytes(mutant("a.json", file.read_bytes(), draw.getrandbits(64)))
    area = starts_of(place)[-1].canvas_area
    assert 0 < area < MOST_PIXELS, f"a canvas of {area} px was accepted"
    trained(place, draw.choice(("average", "last")), CPU)


def codec(draw: Random, folder: Path, own: Path, _: Path) -> None:
    """An autoencoder whose numbers or shapes lie."""
    file = own / "codec.npz"
    file.write_bytes(mutant("codec.npz", (folder / "run" / "codec.npz").read_bytes(), draw.getrandbits(64)))
    opened = open_codec(file, CPU, torch.float32)
    whole = opened.decode(torch.ones(1, opened.channels, 2, 4, 4)).isfinite().all()
    assert bool(whole), "numbers were accepted that are none"


KINDS: dict[str, Callable[[Random, Path, Path, Path], None]] = {
    "pickle": pickled,
    "archive": zipped,
    "header": header,
    "index.json": index,
    "run": settings,
    "codec": codec,
}
FAMILY = Family(prepare=prepare, read=read)
