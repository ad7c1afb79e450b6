"""Flow matching: the path from data to noise, the times on it, and the way back."""
