"""From weights to videos."""
