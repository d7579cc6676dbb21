"""Concepts: what ideas that people have, shown by example images, mean to a model's answers."""
