"""How an Alertmanager makes notifications of alerts."""
