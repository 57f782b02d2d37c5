"""Where rows of mixed columns come from."""
