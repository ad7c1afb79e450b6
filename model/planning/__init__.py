"""Memory and operations of a training, by formulas alone."""
