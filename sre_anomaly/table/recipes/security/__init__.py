"""Made-up security data."""
