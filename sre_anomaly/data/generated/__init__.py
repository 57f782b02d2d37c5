"""Made-up metrics and planted anomalies."""
