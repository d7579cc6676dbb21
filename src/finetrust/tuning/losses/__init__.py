"""Losses that can take the place of a cross entropy over classes."""
