"""Reading ahead of need: one thread fetches what comes next while what is there is decoded."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

from dataset.reader import Members, Reader, Stretch

T_co = TypeVar("T_co", bound=Stretch, covariant=True)


@dataclass(frozen=True)
class Stored(Generic[T_co]):
    """A sample, or latents, in one of several folders."""

    folder: int
    row: T_co

    @property
    def name(self) -> tuple[int, str]:
        """What tells it from all others."""
        return self.folder, self.row.key


class Prefetcher:
    """Members of samples of some folders, fetched before they are asked for, up to `max_bytes` of them.

    All reading is done by one thread, so a reader need not be safe for several.
    """

    def __init__(self, readers: Sequence[Reader], max_bytes: int) -> None:
        self.readers = readers
        self.max_bytes = max_bytes
        self.pool = ThreadPoolExecutor(1, "fetch")
        self.coming: dict[tuple[int, str], tuple[int, Future[Members]]] = {}  # by place: bytes, members

    def expect(self, stored: Sequence[Stored[Stretch]]) -> None:
        """Begin to fetch these samples, in their order, as far as memory goes; forget all others."""
        wanted = {one.name for one in stored}
        for name in [name for name in self.coming if name not in wanted]:
            self.coming.pop(name)[1].cancel()
        held = sum(size for size, _ in self.coming.values())
        for one in stored:
            size = one.row.size
            if one.name not in self.coming and held + size <= self.max_bytes:
                self.coming[one.name] = (size, self.fetch(one))
                held += size

    def take(self, one: Stored[Stretch]) -> Members:
        """The members of a sample, which is then forgotten. Raises what the reader does."""
        found = self.coming.pop(one.name, None)
        return (found[1] if found else self.fetch(one)).result()

    def fetch(self, one: Stored[Stretch]) -> Future[Members]:
        """Begin to fetch a sample."""
        return self.pool.submit(self.readers[one.folder].read, one.row)
