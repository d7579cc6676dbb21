"""What turns feature maps into a class for every pixel: heads, and whole models."""
