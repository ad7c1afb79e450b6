"""Public weights put into our networks."""
