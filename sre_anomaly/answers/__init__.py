"""What programs that speak with people ask: what was unusual, since when, why; each answer is short, and marks what is data."""
