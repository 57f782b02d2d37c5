"""Log lines: read in a stream, masked, grouped by template, counted and classified."""
