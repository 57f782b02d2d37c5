"""The NAB score."""
