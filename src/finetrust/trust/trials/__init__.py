"""Trials: what a model is put to, on what bench, and at what effort."""
