"""What is told of forecasts."""
