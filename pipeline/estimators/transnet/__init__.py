"""Where one shot becomes another, by TransNet V2: an optional network beside our own finders of cuts."""
