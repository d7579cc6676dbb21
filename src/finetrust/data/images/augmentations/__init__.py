"""Augmentations of images, one file each."""
