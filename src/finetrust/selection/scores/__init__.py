"""Scores of how well a pretrained model would transfer, one file each."""
