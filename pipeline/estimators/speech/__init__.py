"""Where somebody speaks in a sound: the packaged embedded network."""
