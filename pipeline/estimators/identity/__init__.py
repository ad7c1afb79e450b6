"""Who somebody is, by the face: the packaged embedded network."""
