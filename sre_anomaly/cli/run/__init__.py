"""`sre-anomaly` without another command: one run, or many."""
