"""Texts, words and tags: reading, near copies, entities."""
