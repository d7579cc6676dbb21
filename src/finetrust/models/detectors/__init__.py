"""Detectors: heads over a pyramid of feature maps, and whole detectors taken apart."""
