"""`understudy query`: questions to a data set in SQL."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import islice

import tyro
from rich.console import Console
from rich.table import Table

from jobs.audits.tables import AUDITED, audited_tables
from jobs.console.flags import parsed
from jobs.console.tables import tell_table
from jobs.exit_codes import ExitCode
from jobs.questions.asking import Answer, answer_to
from jobs.questions.plain import plain, refuse_repeats, shown
from jobs.questions.views import indexed, views
from storage.place import Place

MOST_ROWS = 1000
"""Rows of an answer that a person is shown."""


@dataclass(frozen=True, kw_only=True)
class Query:
    """Answer a question in SQL of a data set: of `samples`, `rejects`, `sources`, "references", `audited`."""

    out: tyro.conf.Positional[str]
    """Folder or address of the data set."""
    question: tyro.conf.Positional[str]
    """SQL, such as "select framing, sum(duration_s) / 3600 from samples group by all"."""
    json: bool = False
    """For programs: a list of records."""


def parse(args: list[str]) -> Query:
    """The job of a command line."""
    return parsed(Query, "query", args)


def query(job: Query, console: Console) -> ExitCode:
    """Print the answer.

    Raises:
        ValueError: there is no data set, or the question cannot be answered; says why.
        OSError: it cannot be read.
    """
    out = Place.at(job.out)
    asked = audited_tables(indexed(out)) if AUDITED in job.question else views(out)
    answer = answer_to(job.question, asked)
    if job.json:
        tell_records(console, answer)
    else:
        tell_people(console, answer)
    return ExitCode.WHOLE


def tell_records(console: Console, answer: Answer) -> None:
    """Print an answer as a list of JSON records, each as it comes.

    Raises:
        ValueError: two columns have one name, or the answer breaks off.
    """
    refuse_repeats(answer.columns)
    before = "["
    for row in answer.rows:
        record = dict(zip(answer.columns, map(plain, row), strict=True))
        console.file.write(f"{before}\n{json.dumps(record, allow_nan=False)}")
        before = ","
    console.file.write("[]\n" if before == "[" else "\n]\n")


def tell_people(console: Console, answer: Answer) -> None:
    """Print the first rows of an answer as a table, and say so where there are more.

    Raises:
        ValueError: the answer breaks off.
    """
    table = Table(*answer.columns)
    for row in islice(answer.rows, MOST_ROWS):
        table.add_row(*map(shown, row))
    tell_table(console, table)
    if next(answer.rows, None) is not None:
        console.print(f"and more than these {MOST_ROWS} rows: --json tells all", highlight=False)
