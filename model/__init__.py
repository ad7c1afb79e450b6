"""Index to report: what learns from the data. Never imports pipeline or jobs."""
