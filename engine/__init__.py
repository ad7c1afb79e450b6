"""Resumable work for anyone: steps, legs, the ledger, and who runs them."""
