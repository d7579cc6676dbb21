"""Harmless changes: what alters the pixels of an image and not what it shows."""
