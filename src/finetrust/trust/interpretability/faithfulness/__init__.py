"""Is an explanation to be believed: what becomes of the answer when the places it names are taken away."""
