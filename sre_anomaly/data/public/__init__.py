"""Data sets that others published."""
