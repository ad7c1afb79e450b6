"""What a phase teaches: the losses."""
