"""Corruptions of texts that leave what they say as it is, one file each."""
