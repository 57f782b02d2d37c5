"""What can be begun: a problem of one's own, a preset from a backtest, rules of what an alert may set off."""
