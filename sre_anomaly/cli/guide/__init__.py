"""What helps while one types: what a key means, what may follow, what an editor should know, a preset to begin with."""
