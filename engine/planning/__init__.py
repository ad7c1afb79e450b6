"""What a run takes, on paper: rates, a simulation, cost."""
