"""What a detector looks at, one feature set a file."""
