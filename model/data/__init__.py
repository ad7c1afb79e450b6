"""From an index of shards to batches: one global order, any number of machines, exact resume."""
