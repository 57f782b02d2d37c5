"""One run: fit, score, threshold, alert, forecast, explain."""
