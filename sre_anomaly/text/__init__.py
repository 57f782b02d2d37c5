"""What a model sees of a text."""
