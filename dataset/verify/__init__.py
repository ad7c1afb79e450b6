"""Whether stored samples, rows and shards keep every promise of formats.md."""
