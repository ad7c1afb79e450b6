"""The list of commands: complete, in eighty columns, into a pipe that closes; what a typing error gets."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields, is_dataclass
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import pytest

from jobs import cli
from jobs.cli import PIPED, READABLE, main
from jobs.console.short_help import flags_of, help_of, record_in
from jobs.menu import MENU, MenuEntry
from tests.processes import execute

ROOT = Path(__file__).resolve().parents[2]
RUN = (sys.executable, "-c", "import sys; from jobs.cli import main; sys.exit(main())")


def test_every_command_is_listed_with_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    output = capsys.readouterr().out
    assert max(map(len, output.splitlines())) <= 80
    files = {path.stem for path in (ROOT / "jobs" / "commands").glob("[a-z]*.py")}
    assert files == {entry.function for entry in MENU}
    for entry in MENU:
        assert f"  {entry.name} " in output
        assert entry.line in output
    assert main(["--help"]) == 0
    assert capsys.readouterr().out == output


def test_the_version_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"understudy {version('understudy')}\n"


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("curat", "did you mean 'curate'?"),
        ("anmiate", "'animate'"),
        ("\x1b[2J", "`understudy` alone lists"),
        ("evaluate", "evaluate what? evaluate manifest, evaluate render, evaluate score"),
    ],
)
def test_a_typing_error_names_the_nearest(
    typed: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([typed]) == 2
    errors = capsys.readouterr().err
    assert message in errors
    assert "\x1b" not in errors
    assert errors.count("\n") == 1


def test_a_flag_that_is_none_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["check", "set", "--quik"])
    assert end.value.code == 2
    assert "--quick" in capsys.readouterr().err


@pytest.mark.parametrize("entry", MENU, ids=lambda entry: entry.name)
def test_the_help_of_a_command_is_short_and_brings_nothing_along(entry: MenuEntry) -> None:
    code = (
        "import sys; from jobs.cli import main; code = main([*sys.argv[1].split(), '--help'])\n"
        "heavy = {'torch', 'scipy', 'ray', 'numpy', 'pyarrow', 'av', 'cv2', 'tyro'} & sys.modules.keys()\n"
        "sys.exit(f'imports {heavy}' if heavy else code)"
    )
    done = execute(sys.executable, "-c", code, entry.name)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) <= 100
    assert max(map(len, lines)) <= PIPED < READABLE
    assert max(map(len, help_of(entry.module, entry.name, READABLE))) <= READABLE
    record = next(
        field
        for field in vars(import_module(entry.module)).values()
        if is_dataclass(field) and field.__module__ == entry.module
    )
    told = list(flags_of(*record_in(entry.module)))
    assert [flag.name for flag in told if not flag.text and not flag.is_group] == []
    hidden = {"settings", "patience", "loader", "window", "sampler", "backends", "weights", "segments", "wan"}
    flagged = {
        line.split()[0].removeprefix("--").removeprefix("[no-]") for line in lines if line[:4] == "  --"
    }
    for field in fields(record):
        if field.name not in hidden | {"corpus", "cluster"}:
            assert field.name.upper() in done.stdout or field.name.replace("_", "-") in flagged


def test_help_says_which_words_a_flag_takes_and_what_is_usual() -> None:
    lines = help_of("jobs.commands.evaluate_manifest", "evaluate manifest", 80)
    assert "  --kind self|cross (usually self)" in lines
    assert "  --recipe table1|table2|table3" in lines
    assert "  --[no-]match-colours" in help_of("jobs.commands.animate", "animate", 80)
    assert not [line for line in help_of("jobs.commands.curate", "curate", 80) if "os.cpu_count" in line]


def test_both_helps_say_what_a_flag_takes_and_not_its_type(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["preview", "--help-all"])
    for told in (capsys.readouterr().out, "\n".join(help_of("jobs.commands.preview", "preview", 80))):
        assert all(words in told for words in ("--where COLUMN=VALUE ...", "--keys KEY ...", "--sort COLUMN"))
        assert "DATA" in told
        assert "STR" not in told


@pytest.mark.parametrize("args", [(), ("check", "--help"), ("curate", "--help-all")])
def test_whoever_reads_may_stop_reading(args: tuple[str, ...]) -> None:
    with subprocess.Popen([*RUN, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=120) in (0, 130)


def test_no_colour_where_none_is_wanted() -> None:
    done = execute(*RUN, "check", "--help", env={"NO_COLOR": "1", "FORCE_COLOR": "1", "COLUMNS": "80"})
    assert done.returncode == 0, done.stderr
    assert max(map(len, done.stdout.splitlines())) <= 80


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (
            ("curate", "--videoz", "v", "--out", "o", "--no-redo"),
            "understudy: --videoz: did you mean --videos?\n",
        ),
        (("weights", "--chek"), "understudy: --chek: did you mean --check?\n"),
        (("check", "--nothing-like-it", "o"), ""),
    ],
)
def test_the_nearest_flag_is_told(
    args: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        cli.main(list(args))
    assert end.value.code == 2
    said = [
        line for line in capsys.readouterr().err.splitlines(keepends=True) if line.startswith("understudy:")
    ]
    assert "".join(said) == told
