"""Use it from Python and notebooks: the functions that ``import sre_anomaly`` offers, by the same code as the commands."""
