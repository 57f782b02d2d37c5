"""What would have paged you: rules, limits and models over one history."""
