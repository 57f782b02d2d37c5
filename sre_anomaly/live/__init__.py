"""New points, pages, notifications."""
