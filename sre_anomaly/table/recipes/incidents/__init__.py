"""Made-up incidents."""
