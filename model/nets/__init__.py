"""The networks: what is computed, not how it is trained or fed."""
