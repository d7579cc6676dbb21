"""How well unfamiliar inputs are told from familiar ones, one measure each."""
