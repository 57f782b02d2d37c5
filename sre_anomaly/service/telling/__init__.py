"""Who is told of alerts: an Alertmanager, and a file."""
