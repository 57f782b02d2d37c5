"""Measures of anomaly detection."""
