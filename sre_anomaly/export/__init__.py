"""What leaves the product: Prometheus rules with their tests, Grafana dashboards."""
