"""Measures of answers with any number of labels for each item."""
