"""Harmless changes, one file per family."""
