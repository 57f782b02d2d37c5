"""One process that watches a fleet: learns, pages, and shows itself."""
