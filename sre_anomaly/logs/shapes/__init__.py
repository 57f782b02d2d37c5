"""How services, servers and collectors write their lines: each family a file, found out by content."""
