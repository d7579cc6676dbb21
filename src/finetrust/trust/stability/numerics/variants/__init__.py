"""Other ways to carry out the arithmetic of a network, one file each."""
