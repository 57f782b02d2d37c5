"""The report of many series."""
