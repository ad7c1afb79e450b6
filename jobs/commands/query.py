"""`understudy query`: questions to a data set in SQL, answered by DuckDB from index, rejects and sources."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import pyarrow as pa
import tyro
from rich.console import Console
from rich.table import Table

from dataset.index import read_index
from engine.ledger import Ledger, reject_schema
from jobs.commands.check import pipeline_legs
from jobs.console.flags import parsed
from jobs.console.plain import tell_json
from jobs.console.tables import tell_table
from jobs.exit_codes import ExitCode
from schemas.arrow import encode
from schemas.media import Source
from storage.place import Place


@dataclass(frozen=True, kw_only=True)
class Query:
    """Answer a question in SQL from the tables `samples`, `rejects` and `sources` of a data set."""

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
    answer = answered(Place.at(job.out), job.question)
    if job.json:
        tell_json(console, answer.to_pylist())
    else:
        tell_table(console, table_of(answer))
    return ExitCode.WHOLE


SOURCES = "sources"
"""The leg of the pipeline that lists and reads files."""
SAMPLES = "create view samples as select *, stop_s - start_s as duration_s from indexed"


def answered(out: Place, question: str) -> pa.Table:
    """The answer to a question about a data set; nothing else of the machine can be read or written by it.

    Raises:
        ValueError: there is no data set, or DuckDB cannot answer; says why.
    """
    ledger = Ledger(out)
    with duckdb.connect() as asked:
        asked.register("indexed", read_index(out).table)
        rejects = (table for leg in pipeline_legs() for table in ledger.all_rejects(leg.name))
        asked.register("rejects", pa.concat_tables([reject_schema().empty_table(), *rejects]))
        asked.register("sources", sources_of(ledger))
        asked.execute(SAMPLES)
        asked.execute("set enable_external_access = false; set lock_configuration = true")
        try:
            return asked.sql(question).to_arrow_table()
        except (duckdb.Error, AttributeError) as error:  # what gives no table has none to be asked for
            said = str(error) if isinstance(error, duckdb.Error) else "it is no question"
            raise ValueError(f"no answer: {said}") from error


def sources_of(ledger: Ledger) -> pa.Table:
    """All files that were listed and read."""
    laps = ledger.names(SOURCES)
    return encode((row for lap in laps for row in ledger.rows(SOURCES, lap, Source)), Source)


def table_of(answer: pa.Table) -> Table:
    """An answer as a table for people."""
    table = Table(*answer.column_names)
    for row in answer.to_pylist():
        table.add_row(*(shown(value) for value in row.values()))
    return table


def shown(value: object) -> str:
    """A value as people read it."""
    return f"{value:.6g}" if isinstance(value, float) else "" if value is None else str(value)
