"""Prometheus rules as text: read, resolved, filled in."""
