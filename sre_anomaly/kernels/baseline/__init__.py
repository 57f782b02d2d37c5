"""The compiled steps of the adaptive baseline."""
