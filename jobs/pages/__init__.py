"""Pieces of pages that stand alone: one HTML file, nothing fetched, light and dark, on paper too."""
