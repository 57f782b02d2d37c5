"""Times as people write them, and the clock that they keep."""
