"""When rules and static thresholds would have fired over a history."""
