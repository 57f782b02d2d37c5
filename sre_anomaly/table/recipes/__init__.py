"""Made-up tables of the recipes."""
