"""The level a score must exceed, one rule a file."""
