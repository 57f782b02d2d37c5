"""What tools of monitoring export: a file each says how it is known by its content, and how it is read."""
