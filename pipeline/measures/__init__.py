"""What is measured of a stored sample: definitions, and the leg that measures a data set."""
