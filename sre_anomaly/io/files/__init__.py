"""A file is opened, found out by its content, and becomes frames."""
