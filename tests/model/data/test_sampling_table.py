from __future__ import annotations

import numpy as np

from dataset.index import read_index
from model.data.groups import EVEN, Group
from model.data.sampling_table import grouped, sampling_table


def test_the_table_has_what_the_rows_say(data_set):
    rows = read_index(data_set).rows()
    table = sampling_table(read_index(data_set), EVEN)
    assert table.frames.tolist() == [row.frames for row in rows]
    assert table.width.tolist() == [row.width for row in rows]
    assert table.group.tolist() == [0 if row.framing == "full" else 1 for row in rows]
    assert table.ident.tolist() == [int(row.sha256[:16], 16) for row in rows]
    for a in range(16):
        for b in range(16):
            assert (table.shard[a] == table.shard[b]) == (rows[a].shard == rows[b].shard)


def test_groups_take_by_framing_and_domain(data_set):
    index = read_index(data_set)
    groups = (
        Group(name="none", share=1, domains=("elsewhere",)),
        Group(name="full", share=1, framings=("full",), domains=("synthetic",)),
        Group(name="any", share=1),
    )
    framing = np.array([row.framing for row in read_index(data_set).rows()])
    assert grouped(index, groups).tolist() == np.where(framing == "full", 1, 2).tolist()
    assert grouped(index, groups[:2]).tolist() == np.where(framing == "full", 1, -1).tolist()
