"""Published benchmarks and their result files."""
