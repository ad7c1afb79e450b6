"""From tracks to control signals: pure functions of tracks."""
