"""What a file of measurements holds, however it was written: series of samples with labels."""
