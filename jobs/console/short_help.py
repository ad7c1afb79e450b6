"""The help of a command in a moment: its own flags, read from its source, with nothing imported.

What the flags bring along (torch, Arrow, OpenCV) takes seconds, and the settings behind them are many: those
are listed by `--help-all`.
"""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
INDENT = " " * 6


@dataclass(frozen=True, kw_only=True)
class Flag:
    """A field of a command's record."""

    name: str
    kind: str
    """Its type, as it is written."""
    default: str
    text: str

    @property
    def is_position(self) -> bool:
        """Whether it is given by its place."""
        return "Positional" in self.kind

    @property
    def is_group(self) -> bool:
        """Whether it stands for settings that are listed elsewhere."""
        return self.default.startswith("field(") or (self.name == "settings" and not self.default)


def help_of(module: str, name: str, width: int) -> list[str]:
    """The lines of a command's help, none longer than `width`.

    `module` holds the record of the command's flags, the first dataclass there.
    """
    record, tree = record_in(module)
    flags = list(flags_of(record, tree))
    places = " ".join(flag.name.upper() for flag in flags if flag.is_position)
    lines = [f"understudy {name} {places}".rstrip() + " [FLAGS]", "", *wrapped(summary_of(record), width, "")]
    own = [flag for flag in flags if not flag.is_group]
    groups = [flag for flag in flags if flag.is_group]
    for flag in own:
        lines += ["", f"  {headed(flag)}", *wrapped(flag.text, width, INDENT)]
    if groups:
        rooms = ", ".join(f"--{dashed(flag.name)}.*" for flag in groups)
        lines += ["", *wrapped(f"{rooms}: understudy {name} --help-all lists every setting", width, "")]
    return lines


def nearest(module: str, words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Words that are none of a command's own flags, each with the flag that it may have been meant for."""
    own = [f"--{dashed(flag.name)}" for flag in flags_of(*record_in(module)) if not flag.is_position]
    known = {*own, *(f"--no-{flag[2:]}" for flag in own)}
    for word in (word.partition("=")[0].replace("_", "-") for word in words if word.startswith("--")):
        if word not in known and (near := get_close_matches(word, own, n=1, cutoff=0.75)):
            yield word, near[0]


def record_in(module: str) -> tuple[ast.ClassDef, ast.Module]:
    """The record of a command's flags, the first dataclass in its module, and the module."""
    tree = parsed(module)
    return next(found for found in tree.body if isinstance(found, ast.ClassDef)), tree


def flags_of(record: ast.ClassDef, tree: ast.Module) -> Iterator[Flag]:
    """The fields of a record, in order; those of a record whose flags have no prefix are its own."""
    for field, after in zip(record.body, [*record.body[1:], None], strict=True):
        if not isinstance(field, ast.AnnAssign) or not isinstance(field.target, ast.Name):
            continue
        kind = spelled(ast.unparse(field.annotation).replace(" | None", ""), tree)
        if "OmitArgPrefixes" in kind:
            inner = kind.partition("[")[2].removesuffix("]")
            yield from flags_of(*imported(inner, tree))
            continue
        default = ast.unparse(field.value) if field.value else ""
        yield Flag(name=field.target.id, kind=kind, default=default, text=text_of(after))
    for base in record.bases:  # what it has from other records
        yield from flags_of(*imported(ast.unparse(base), tree))


def spelled(kind: str, tree: ast.Module) -> str:
    """A type as it is written; one that names words, or the word for what it takes, as its own text."""
    if not kind.isidentifier():
        return kind
    for found in tree.body:
        if isinstance(found, ast.Assign) and [ast.unparse(name) for name in found.targets] == [kind]:
            words = ast.unparse(found.value)
            return words if words.startswith(("Literal[", "Annotated[")) else kind
        if isinstance(found, ast.ImportFrom) and found.module and kind in {one.name for one in found.names}:
            ours = (ROOT / f"{found.module.replace('.', '/')}.py").exists()
            return spelled(kind, parsed(found.module)) if ours else kind
    return kind


def imported(name: str, tree: ast.Module) -> tuple[ast.ClassDef, ast.Module]:
    """A class that a module imports, and where it is."""
    source = next(
        found.module
        for found in tree.body
        if isinstance(found, ast.ImportFrom) and found.module and name in {one.name for one in found.names}
    )
    module = parsed(source)
    return next(c for c in module.body if isinstance(c, ast.ClassDef) and c.name == name), module


def parsed(module: str) -> ast.Module:
    """The source of a module."""
    return ast.parse((ROOT / f"{module.replace('.', '/')}.py").read_text())


def headed(flag: Flag) -> str:
    """A flag and what it takes."""
    if flag.is_position:
        return flag.name.upper()
    if flag.kind == "bool":
        return f"--{'[no-]' if flag.default == 'True' else ''}{dashed(flag.name)}"
    return f"--{dashed(flag.name)} {taken(flag.kind)}{usual(flag.default)}"


def usual(default: str) -> str:
    """What a flag is where it is not given, if that can be read from the source alone."""
    try:
        value = ast.literal_eval(default)
    except (ValueError, SyntaxError):
        return ""
    return f" (usually {value})" if value not in {None, "", ()} else ""


def taken(kind: str) -> str:
    """What a flag takes, in a word."""
    if named := re.search(r"metavar='([^']+)'", kind):
        return named[1]
    if kind.startswith("Literal["):
        return "|".join(word.strip(" '\"") for word in kind[8:-1].split(","))
    word = kind.rsplit("[", maxsplit=1)[-1].rstrip("]").split(",")[0].split("|")[-1].strip()
    return f"{word.upper()} ..." if kind.startswith("tuple[") else word.upper()


def dashed(name: str) -> str:
    """The name of a field on a command line."""
    return name.replace("_", "-")


def summary_of(record: ast.ClassDef) -> str:
    """What a class says of itself."""
    return ast.get_docstring(record) or ""


def text_of(node: ast.stmt | None) -> str:
    """The text below a field."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return str(node.value.value)
    return ""


def wrapped(text: str, width: int, indent: str) -> list[str]:
    """Text in lines."""
    plain = " ".join(text.split())
    return textwrap.wrap(plain, width, initial_indent=indent, subsequent_indent=indent)
