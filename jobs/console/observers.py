"""Several observers of a job as one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

T = TypeVar("T")


def all_of(*observers: T) -> T:
    """An observer that hands every call on to each of these, in their order. It returns nothing."""
    return cast("T", FanOut(observers))


class FanOut:
    """Stands for all of several objects whose methods return nothing."""

    def __init__(self, observers: tuple[object, ...]) -> None:
        self.observers = observers

    def __getattr__(self, name: str) -> Callable[..., None]:
        """The method of this name of all of them.

        Raises:
            AttributeError: one of them has none.
        """
        methods = [getattr(observer, name) for observer in self.observers]

        def call_each(*args: Any, **kwargs: Any) -> None:
            for method in methods:
                method(*args, **kwargs)

        return call_each
