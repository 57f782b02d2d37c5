"""Past runs: listed, run again, set against each other, removed, and asked about by agents."""
