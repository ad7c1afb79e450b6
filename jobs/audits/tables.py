"""What rules are asked of: the tables of a data set, and `audited`, a row a sample with all that is known."""

from __future__ import annotations

import duckdb

from dataset.index import Index
from jobs.audits.compared import Use, compared
from jobs.questions.views import SEALED, measured, unsealed
from storage.place import Place

AUDITED, EARLIER = "audited", "earlier"
ROWS = """create view audited as select samples.*, measures.* exclude (key), compared.* exclude (key)
from samples left join measures using (key) left join compared using (key)"""
USUAL = Use()


def audited_tables(index: Index, use: Use = USUAL, earlier: Index | None = None) -> duckdb.DuckDBPyConnection:
    """A sealed connection with the tables of a data set and what its samples are to each other.

    `earlier` is another set, whose rows of `audited` stand in the table of that name.

    Raises:
        ValueError: its measures are damaged.
        OSError: they cannot be read.
    """
    place = Place.at(index.root)
    asked = unsealed(place, index)
    asked.register("compared", compared(index, measured(place, index), use))
    asked.execute(ROWS)
    if earlier is not None:
        asked.register(EARLIER, audited_tables(earlier, use).table(AUDITED).to_arrow_table())
    asked.execute(SEALED)
    return asked
