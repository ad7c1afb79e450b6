"""The stops of the data, in the order of `pipeline.flow`."""
