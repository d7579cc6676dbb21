"""What a strategy can be joined by, one file each."""
