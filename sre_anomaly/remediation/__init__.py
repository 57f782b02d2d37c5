"""What an alert or a prediction may set off, and the limits that it never leaves: decided here, done there."""
