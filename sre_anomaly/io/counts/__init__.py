"""What counts up becomes what happens in a second, and how long it took."""
