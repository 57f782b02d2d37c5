"""What would have paged you, on the screen, as a page, as Markdown."""
