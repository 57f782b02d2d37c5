"""What a run leaves behind for people: pictures, a page, tables and files."""
