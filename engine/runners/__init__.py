"""Where steps run: in this process, or on a cluster."""
