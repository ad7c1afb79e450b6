"""Which frames may become references, and how they are cut."""
