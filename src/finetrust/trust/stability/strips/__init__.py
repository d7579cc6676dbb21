"""Strips of examples: what single items become in the trials, one file per kind of input."""
