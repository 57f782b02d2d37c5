"""Find what is wrong in infrastructure metrics, and why."""

__version__ = "0.1.0"
