"""Inputs that are unlike what the model knows, one file each."""
