"""Which rows may be learned from, one rule a file."""
