"""Made-up servers."""
