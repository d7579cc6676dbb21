"""Measures of tagged words and of the entities that their tags name."""
