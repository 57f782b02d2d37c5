"""Sweeps: a space, a study that is never lost, a loop without a barrier, an outcome."""
