"""Parts of networks out of mmpose, imported without what they do not call.

Its modules name compiled operations of mmcv, mmdet and xtcocotools, and are imported with its networks. None
of these is called by them, and none can be installed beside the rest (docs/adr/0048), so for the time of the
import empty modules stand for them.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from engine.core import EstimatorUnavailable

STAND_INS = {
    "mmcv._ext": (),
    "mmdet": (),
    "mmdet.utils": ("ConfigType", "reduce_mean"),
    "xtcocotools": (),
    "xtcocotools.coco": ("COCO",),
    "xtcocotools.cocoeval": ("COCOeval",),
    "xtcocotools.mask": (),
}
"""Modules, and the names that are imported from each."""
UNUSED = ("deepspeed",)
"""Asked for by mmengine where they are installed, in seconds, and not needed for networks."""


@cache
def registry() -> Any:
    """The registry of parts: `registry().build(dict(type=..., ...))` is a module of torch.

    Raises:
        EstimatorUnavailable: mmpose is not installed.
    """
    with stood_in(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            import mmpose.models  # noqa: F401, registers them
            from mmengine.registry import init_default_scope
            from mmpose.registry import MODELS
        except ImportError as lacking:
            raise EstimatorUnavailable(f"needs mmpose ({lacking}): `make setup` installs it") from lacking
    init_default_scope("mmpose")
    return MODELS


@contextmanager
def stood_in() -> Iterator[None]:
    """Empty modules in the place of those that are missing, meanwhile."""
    placed: dict[str, ModuleType | None] = {name: Missing(name) for name in STAND_INS}
    placed |= dict.fromkeys(UNUSED)
    placed = {name: module for name, module in placed.items() if name not in sys.modules}
    sys.modules.update(placed)  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in placed:
            sys.modules.pop(name, None)


class Missing(ModuleType):
    """A module of which only names are there."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.__spec__ = ModuleSpec(name, None)
        self.__path__: list[str] = []
        for word in STAND_INS[name]:
            setattr(self, word, object)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or self.__name__ != "mmcv._ext":
            raise AttributeError(name)
        return self.refuse

    def refuse(self, *_: object, **__: object) -> None:
        """What a compiled operation would do.

        Raises:
            RuntimeError: always.
        """
        raise RuntimeError(f"an operation of {self.__name__} is called, which is not installed")
