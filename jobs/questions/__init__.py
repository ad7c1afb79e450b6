"""Questions in SQL to what lies of a data set."""
