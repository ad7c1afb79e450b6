"""The only rooms that open media files: probe, decode, encode, pictures, sound."""
