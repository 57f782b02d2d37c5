"""Past runs: listed, run again, set against each other, removed."""
