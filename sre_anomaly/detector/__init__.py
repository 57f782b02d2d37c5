"""How strange each row is, one detector a file."""
