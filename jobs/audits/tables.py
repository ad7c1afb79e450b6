"""What rules are asked of: the tables of a data set, and `audited`, a row a sample with all that is known."""

from __future__ import annotations

import duckdb

from dataset.index import Index
from jobs.audits.compared import compared
from jobs.questions.views import SEALED, measured, unsealed
from storage.place import Place

AUDITED = """create view audited as select samples.*, measures.* exclude (key), compared.* exclude (key)
from samples left join measures using (key) left join compared using (key)"""


def audited_tables(index: Index, held_out: float) -> duckdb.DuckDBPyConnection:
    """A sealed connection with the tables of a data set and what its samples are to each other.

    Raises:
        ValueError: its measures are damaged.
        OSError: they cannot be read.
    """
    place = Place.at(index.root)
    asked = unsealed(place, index)
    asked.register("compared", compared(index, measured(place, index), held_out))
    asked.execute(AUDITED)
    asked.execute(SEALED)
    return asked
