"""NeRSemble (arXiv 2305.03027), as its toolkit downloads it: takes of 16 cameras as videos of a corpus."""
