"""YAML becomes parts: composing, listing, checking, building."""
