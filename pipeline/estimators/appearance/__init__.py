"""How a person's picture looks: embedders of appearance."""
