"""What one pass over the pictures of a source tells: its cuts, transitions, flashes, bars and looks."""
