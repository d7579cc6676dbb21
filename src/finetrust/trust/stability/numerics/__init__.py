"""Numerics: whether the answers depend on how the arithmetic is carried out."""
