"""Forecasts from many past moments: how far ahead, what came, how far off."""
