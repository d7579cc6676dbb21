"""What stands in the place of pixels that are taken away, one file each."""
