"""What a question can be asked of: the tables of a data set, in a DuckDB that reaches nothing else."""

from __future__ import annotations

import json

import duckdb
import pyarrow as pa

from dataset.conditions import extra_of
from dataset.index import Index, read_index
from dataset.names import MEASURES
from engine.lap_tables import reject_schema
from engine.ledger import Ledger
from pipeline.flow import Curation, legs
from pipeline.measures.known import measures
from pipeline.measures.table import read_table, table_schema
from schemas.arrow import encode, schema_of
from schemas.media import Source
from schemas.sample import Sample
from storage.place import Place

SOURCES, CHOSEN = "sources", "samples"
"""Legs of the pipeline that read files, and that choose references."""
SAMPLES = "create view samples as select * {extra}, stop_s - start_s as duration_s from indexed"
FILES = "create view sources as select * exclude (origin), unnest(origin) from read"
REFERENCES = """create view "references" as
select key, reference.* from (select key, unnest("references") as reference from chosen)"""
SEALED = "set enable_external_access = false; set lock_configuration = true"


def views(out: Place) -> duckdb.DuckDBPyConnection:
    """A sealed connection: `samples`, `measures`, `rejects`, `sources` and `references` of a data set.

    It ends with whoever holds it: closing one that is at work would wait for the work.

    Raises:
        ValueError: there is no index, or a table is damaged.
        OSError: the data set cannot be read.
    """
    asked = unsealed(out, indexed(out))
    asked.execute(SEALED)
    return asked


def unsealed(out: Place, index: Index) -> duckdb.DuckDBPyConnection:
    """The same before it is sealed, for whoever has more to ask of."""
    asked = duckdb.connect()
    ledger = Ledger(out)
    asked.register("indexed", index.table)
    asked.register("measures", measured(out, index))
    asked.register("rejects", rejects_of(ledger))
    asked.register("read", sources_of(ledger))
    asked.register("chosen", chosen_of(ledger))
    for line in (SAMPLES.format(extra=extra_columns(index)), FILES, REFERENCES):
        asked.execute(line)
    return asked


def indexed(out: Place) -> Index:
    """The index of a data set.

    Raises:
        ValueError: there is none, or it is damaged.
    """
    return read_index(out)


def measured(out: Place, index: Index) -> pa.Table:
    """What `understudy audit` has measured of the samples that the index names; no row where nothing was."""
    table = read_table(out / MEASURES)
    if table is None:
        return table_schema(measures()).empty_table().drop_columns(["sample_sha256"])
    wanted = dict(zip(index.table["key"].to_pylist(), index.table["sha256"].to_pylist(), strict=True))
    stored = zip(table["key"].to_pylist(), table["sample_sha256"].to_pylist(), strict=True)
    return table.filter(
        pa.array([wanted.get(key) == sha256 for key, sha256 in stored], pa.bool_())
    ).drop_columns(["sample_sha256"])


def extra_columns(index: Index) -> str:
    """Further columns of the samples in SQL: each other column of the manifest, as `"extra.<name>"`."""
    names = sorted({name for text in index.codes("extra")[1] for name in extra_of(text)})
    return "".join(map(extra_column, names))


def extra_column(name: str) -> str:
    """A column of the manifest as one more of a `select`."""
    path, title = json.dumps(name, ensure_ascii=False).replace("'", "''"), name.replace('"', '""')
    return f", extra ->> '$.{path}' as \"extra.{title}\""


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
