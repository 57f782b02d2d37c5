"""What is known of a metric after each row, what it says of later rows, and how far off that usually is."""
