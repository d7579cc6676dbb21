"""Measures of semantic segmentation."""
