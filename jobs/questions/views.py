"""What a question can be asked of: the tables of a data set, in a DuckDB that reaches nothing else."""

from __future__ import annotations

import duckdb
import pyarrow as pa

from dataset.index import read_index
from dataset.names import INDEX
from engine.ledger import Ledger, reject_schema
from pipeline.flow import Curation, legs
from schemas.arrow import encode, schema_of
from schemas.media import Source
from schemas.sample import Sample
from storage.place import Place

SOURCES, CHOSEN = "sources", "samples"
"""Legs of the pipeline that read files, and that choose references."""
SAMPLES = "create view samples as select *, stop_s - start_s as duration_s from indexed"
REFERENCES = """create view "references" as
select key, reference.* from (select key, unnest("references") as reference from chosen)"""
SEALED = "set enable_external_access = false; set lock_configuration = true"


def views(out: Place) -> duckdb.DuckDBPyConnection:
    """A connection that has `samples`, `rejects`, `sources` and `references` of a data set, and is sealed.

    It ends with whoever holds it: closing one that is at work would wait for the work.

    Raises:
        ValueError: there is no index, or a table is damaged.
        OSError: the data set cannot be read.
    """
    asked = duckdb.connect()
    ledger = Ledger(out)
    asked.register("indexed", indexed(out))
    asked.register("rejects", rejects_of(ledger))
    asked.register("sources", sources_of(ledger))
    asked.register("chosen", chosen_of(ledger))
    for line in (SAMPLES, REFERENCES, SEALED):
        asked.execute(line)
    return asked


def indexed(out: Place) -> pa.Table:
    """The index of a data set.

    Raises:
        ValueError: there is none, or it is damaged.
    """
    try:
        return read_index(out).table
    except FileNotFoundError:
        raise ValueError(f"{out}: no data set there, or none that is finished: it has no {INDEX}") from None


def rejects_of(ledger: Ledger) -> pa.Table:
    """All that was not kept, leg after leg."""
    names = [leg.name for leg in legs(Curation(), "")]
    return pa.concat_tables(
        [reject_schema().empty_table(), *(table for name in names for table in ledger.all_rejects(name))]
    )


def sources_of(ledger: Ledger) -> pa.Table:
    """All files that were listed and read."""
    rows = (row for lap in ledger.names(SOURCES) for row in ledger.rows(SOURCES, lap, Source))
    return encode(rows, Source)


def chosen_of(ledger: Ledger) -> pa.Table:
    """Of each sample that was planned its key and references, as the pipeline chose them."""
    names = ["key", "references"]
    empty = pa.schema([schema_of(Sample).field(name) for name in names]).empty_table()
    return pa.concat_tables([empty, *(ledger.columns(CHOSEN, lap, names) for lap in ledger.names(CHOSEN))])
