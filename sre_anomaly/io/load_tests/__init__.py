"""What load tests write: a line for each request becomes counts, errors and durations for each step."""
