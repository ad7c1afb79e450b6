"""Reading ahead of need: one thread fetches what comes next while what is there is decoded."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from dataset.reader import Members, Reader, Stretch


class Prefetcher:
    """Members of samples, fetched before they are asked for, up to `max_bytes` of them.

    All reading is done by one thread, so a reader need not be safe for several.
    """

    def __init__(self, reader: Reader, max_bytes: int) -> None:
        self.reader = reader
        self.max_bytes = max_bytes
        self.pool = ThreadPoolExecutor(1, "fetch")
        self.coming: dict[str, tuple[int, Future[Members]]] = {}  # by key: bytes, members

    def expect(self, rows: Sequence[Stretch]) -> None:
        """Begin to fetch these samples, in their order, as far as memory goes; forget all others."""
        wanted = {row.key for row in rows}
        for key in [key for key in self.coming if key not in wanted]:
            self.coming.pop(key)[1].cancel()
        held = sum(size for size, _ in self.coming.values())
        for row in rows:
            if row.key not in self.coming and held + row.size <= self.max_bytes:
                self.coming[row.key] = (row.size, self.pool.submit(self.reader.read, row))
                held += row.size

    def take(self, row: Stretch) -> Members:
        """The members of a sample, which is then forgotten. Raises what the reader does."""
        found = self.coming.pop(row.key, None)
        future = found[1] if found else self.pool.submit(self.reader.read, row)
        return future.result()
