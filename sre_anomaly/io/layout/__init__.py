"""How a table of text is laid out: lines before its header, none at all, or what one tool writes."""
