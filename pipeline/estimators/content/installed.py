"""Files of networks that lie in optional packages, as they are installed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from engine.core import EstimatorUnavailable


@dataclass(frozen=True, kw_only=True)
class Extra:
    """An optional package and the files of it that are read."""

    name: str
    """Of the extra in pyproject.toml."""
    package: str
    sha256: Mapping[str, str]
    """Digests of its files, by their paths in the package: other ones would answer otherwise."""

    def folder(self) -> Path:
        """Where the package lies. Its code was not run.

        Raises:
            EstimatorUnavailable: it is not installed, or its files are others.
        """
        spec = find_spec(self.package)
        if spec is None or spec.origin is None:
            raise EstimatorUnavailable(f"{self.package} is not installed: install the extra `{self.name}`")
        folder = Path(spec.origin).parent
        for name, sha256 in self.sha256.items():
            path = folder / name
            if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
                raise EstimatorUnavailable(
                    f"{path} is not the file that it should be: install the extra `{self.name}` anew"
                )
        return folder
