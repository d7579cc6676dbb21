"""Scores of how unusual an input is, one file each."""
