"""The NAB board."""
