"""What a network does, measured."""
