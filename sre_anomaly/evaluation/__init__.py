"""How good a run was: plain functions on arrays."""
