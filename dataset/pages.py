"""What the pages of a Parquet file say of their sizes: readers take memory by that, not by the footer.

A page begins with a header in Thrift's compact protocol, of which two numbers are wanted here.
"""

from __future__ import annotations

from collections.abc import Iterator

from schemas.outcome import DamagedError

UNPACKED, PACKED = 2, 3
"""Fields of a page header: its bytes in memory, and in the file."""
STOP, TRUE, FALSE, BYTE, DOUBLE, TEXT, LIST, SET, STRUCT = 0, 1, 2, 3, 7, 8, 9, 10, 12
NUMBERS = (4, 5, 6)
DEEPEST = 8


def unpacked_sizes(chunk: memoryview) -> Iterator[int]:
    """Bytes in memory of each page of a column chunk.

    Raises:
        DamagedError: a page header cannot be read, or a page ends beyond the chunk.
    """
    at = 0
    while at < len(chunk):
        header = Header(chunk, at)
        sizes = header.struct(DEEPEST)
        at = header.at + sizes.get(PACKED, -1)
        if at > len(chunk) or min(sizes.get(PACKED, -1), sizes.get(UNPACKED, -1)) < 0:
            raise DamagedError("a page of no size, or beyond its column")
        yield sizes[UNPACKED]


class Header:
    """Reads a Thrift struct from a place on."""

    def __init__(self, data: memoryview, at: int) -> None:
        self.data, self.at = data, at

    def pass_over(self, size: int) -> None:
        """Go on so many bytes."""
        self.at += size
        if self.at > len(self.data):
            raise DamagedError("a page header that does not end")

    def byte(self) -> int:
        """The next byte."""
        self.pass_over(1)
        return self.data[self.at - 1]

    def varint(self) -> int:
        """The next number, without a sign."""
        number = 0
        for shift in range(0, 70, 7):
            part = self.byte()
            number |= (part & 127) << shift
            if part < 128:
                return number
        raise DamagedError("a number of more than 64 bits in a page header")

    def zigzag(self) -> int:
        """The next number."""
        number = self.varint()
        return -(number + 1 >> 1) if number & 1 else number >> 1

    def struct(self, depth: int) -> dict[int, int]:
        """The whole numbers of the next struct, by field."""
        found: dict[int, int] = {}
        field = 0
        while (head := self.byte()) != STOP:
            field = field + (head >> 4) if head >> 4 else self.zigzag()
            kind = head & 15
            if kind in NUMBERS:
                found[field] = self.zigzag()
            else:
                self.skip(kind, depth)
        return found

    def skip(self, kind: int, depth: int, *, listed: bool = False) -> None:
        """Pass over a value; in a list truths take a byte each."""
        if depth == 0:
            raise DamagedError("a page header that is nested too deep")
        if kind in NUMBERS:
            self.varint()
        elif kind == TEXT:
            self.pass_over(self.varint())
        elif kind == STRUCT:
            self.struct(depth - 1)
        elif kind in (LIST, SET):
            head = self.byte()
            for _ in range(self.varint() if head >> 4 == 15 else head >> 4):
                self.skip(head & 15, depth - 1, listed=True)
        elif kind in (TRUE, FALSE, BYTE, DOUBLE):
            self.pass_over({BYTE: 1, DOUBLE: 8}.get(kind, int(listed)))
        else:
            raise DamagedError(f"a value of unknown kind {kind} in a page header")
