"""The report of a table's task."""
