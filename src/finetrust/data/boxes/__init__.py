"""Boxes: what they are, and whether they fit their images."""
