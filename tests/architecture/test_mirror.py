"""Tests mirror the tree: whoever changes a room knows where its tests are."""

from __future__ import annotations

from pathlib import Path

from tests.architecture.floors import FLOORS, ROOT


def rooms() -> list[Path]:
    """Folders of packages that hold code, below the root."""
    found = {path.parent.relative_to(ROOT) for floor in FLOORS for path in (ROOT / floor).rglob("*.py")}
    return sorted(room for room in found if any(path.name != "__init__.py" for path in room_files(room)))


def room_files(room: Path) -> list[Path]:
    return list((ROOT / room).glob("*.py"))


def is_mirrored(room: Path) -> bool:
    """Whether a folder of tests of its name holds some, or a file of its name."""
    return any((ROOT / "tests" / room).glob("test_*.py")) or (
        (ROOT / "tests" / room.parent / f"test_{room.name}.py").is_file()
    )


def test_every_room_has_its_tests() -> None:
    assert len(rooms()) > 30
    assert [room.as_posix() for room in rooms() if not is_mirrored(room)] == []
