"""Samples to stored latents, and codecs fitted on a data set."""
