"""The embedded estimators: MediaPipe's networks from its wheel."""
