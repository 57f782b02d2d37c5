"""Compiled loops on arrays; no config, no pandas."""
