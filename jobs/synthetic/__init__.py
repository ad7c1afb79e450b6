"""Synthetic people: a body model, its motion, its looks, a renderer, and the exact answers to every film."""
