"""Many series at once."""
