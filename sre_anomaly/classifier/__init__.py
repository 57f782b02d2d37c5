"""What says which class a row belongs to."""
