"""What comes next, one forecaster a file."""
