"""Calibration methods of classifiers, one file a method."""
