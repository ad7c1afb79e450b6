"""From an index of shards to a network that learns, and from the network to a video."""
