"""Where the values of entities come from: a Prometheus, or a growing file."""
