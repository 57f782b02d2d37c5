"""Where metrics come from, one source a file."""
