"""Legs on a Ray cluster."""
