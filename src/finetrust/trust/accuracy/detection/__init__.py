"""Measures of object detection."""
