"""Classification and regression from a table."""
