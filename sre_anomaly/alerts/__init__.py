"""What flags become before they reach a person, one policy a file."""
