"""Files and servers become frames."""
