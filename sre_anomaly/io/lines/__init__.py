"""Lines of text, and of JSON, that are measurements."""
