"""The commands: the only floor that sees everything below."""
