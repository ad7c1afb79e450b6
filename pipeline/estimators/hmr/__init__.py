"""HMR2.0 (4D-Humans, arXiv 2305.20091) and HaMeR (arXiv 2312.05251): one network, a body or a hand."""
