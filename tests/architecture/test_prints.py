"""Nothing of the product prints past the screen that shows what is hostile and obeys nothing."""

from __future__ import annotations

import ast
from functools import cache

from tests.architecture.floors import FLOORS, ROOT


@cache
def all_calls() -> list[tuple[str, ast.Call]]:
    """Every call in the product, and the file that it stands in."""
    files = [path for floor in FLOORS for path in sorted((ROOT / floor).rglob("*.py"))]
    return [
        (path.relative_to(ROOT).as_posix(), node)
        for path in files
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
    ]


def calls(name: str) -> list[tuple[str, ast.Call]]:
    """Calls of functions or methods of this name."""
    return [
        (file, call)
        for file, call in all_calls()
        if name in (getattr(call.func, "id", None), getattr(call.func, "attr", None))
    ]


def test_consoles_are_visible_ones() -> None:
    assert [file for file, _ in calls("Console")] == []
    assert {file for file, _ in calls("VisibleConsole")} == {"jobs/console/screen.py"}


def test_no_markup_is_read() -> None:
    assert [file for file, _ in calls("from_markup")] == []
    columns = calls("TextColumn")
    assert columns
    for _, call in columns:
        assert {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}["markup"] == "False"


def test_only_the_command_line_prints_by_itself() -> None:
    """To stderr, which is shown; elsewhere `print` is the console's."""
    bare = [(file, call) for file, call in calls("print") if ast.unparse(call.func) == "print"]
    assert {file for file, _ in bare} == {"jobs/cli.py"}
    for _, call in bare:
        assert [ast.unparse(keyword) for keyword in call.keywords] == ["file=sys.stderr"]
    assert [file for file, call in calls("write") if "sys.std" in ast.unparse(call.func)] == []
