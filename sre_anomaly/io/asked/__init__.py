"""Metrics that a server is asked for, over a span of time: a Prometheus, or CloudWatch."""
