"""Where videos come from: what a corpus lists."""
