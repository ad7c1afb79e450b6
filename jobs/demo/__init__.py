"""A small data set without a download, and a look at it."""
