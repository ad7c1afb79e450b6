"""Benchmarks that two labs can share: pairs, the films that methods make of them, and what those score."""
