"""Corpus to index: the data engine. Never imports model or jobs."""
