"""A question to DuckDB that Ctrl-C ends, answered row by row and not as one table in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Thread
from typing import Any, TypeVar

import duckdb

T = TypeVar("T")
TABLES = ("samples", "measures", "rejects", "sources", "references")
"""What `jobs.questions.views` makes of a data set."""
ROWS_AT_ONCE = 1024
AGAIN_S = 0.1
"""How often a question is told to end."""
QUESTIONS = (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN)


@dataclass(frozen=True)
class Answer:
    """Names of columns, and the rows as they come, each a value a column."""

    columns: tuple[str, ...]
    rows: Iterator[tuple[Any, ...]]


def answer_to(question: str, asked: duckdb.DuckDBPyConnection) -> Answer:
    """The answer to one question.

    Raises:
        ValueError: it is none, there are several, or DuckDB cannot answer; also while rows are read.
        KeyboardInterrupt: it was stopped, and so was the work at it.
    """
    text = only_one(question, asked)
    answered(lambda: asked.execute(text), asked)
    return Answer(tuple(column[0] for column in asked.description or ()), rows_of(asked))


def rows_of(asked: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    """The rows of the question that was asked last."""
    while batch := answered(lambda: asked.fetchmany(ROWS_AT_ONCE), asked):
        yield from batch


def only_one(question: str, asked: duckdb.DuckDBPyConnection) -> str:
    """The question, alone.

    Raises:
        ValueError: it is none, or there are several.
    """
    found = answered(lambda: asked.extract_statements(question), asked)
    if len(found) > 1:
        raise ValueError(f"no answer: these are {len(found)} questions, and one is answered at a time")
    if not found or found[0].type not in QUESTIONS:
        raise ValueError("no answer: it is no question: one begins with select, from, describe or summarize")
    return str(found[0].query)


def answered(work: Callable[[], T], asked: duckdb.DuckDBPyConnection) -> T:
    """What some work at a connection gives; Ctrl-C interrupts it.

    It runs in a thread of its own, for DuckDB hears of signals at some places alone, and this thread always.

    Raises:
        ValueError: DuckDB cannot do it.
    """
    outcome: Future[T] = Future()
    worker = Thread(target=settle, args=(outcome, work), daemon=True)
    try:
        worker.start()
        return outcome.result()
    except KeyboardInterrupt:
        while worker.is_alive():  # a question that has just begun does not hear the first
            asked.interrupt()
            worker.join(AGAIN_S)
        raise
    except (duckdb.Error, OverflowError, ValueError) as error:  # the last two: values that Python has not
        lines = str(error).splitlines()  # the first says what, the others show where
        hint = f"; there are {', '.join(TABLES)}" if isinstance(error, duckdb.CatalogException) else ""
        raise ValueError(f"no answer: {lines[0] if lines else error}{hint}") from error


def settle(outcome: Future[T], work: Callable[[], T]) -> None:
    """Do some work and say how it ended."""
    try:
        outcome.set_result(work())
    except BaseException as error:  # noqa: BLE001  it is raised again where it is waited for
        outcome.set_exception(error)
