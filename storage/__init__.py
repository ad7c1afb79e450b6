"""Places and object stores, scratch space, safe readers of weight files: bytes, ours and strangers'."""
