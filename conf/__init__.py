"""The whole configuration surface, installed as ``sre_anomaly.conf``."""
