"""What says which number belongs to a row."""
