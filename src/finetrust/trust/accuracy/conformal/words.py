"""What the measures of prediction sets have in common in their descriptions."""

SETS = (
    "Split conformal prediction: a class is in the set if its score is within the threshold that the "
    "stated share of validation items keep. Methods: lac, aps and raps (without randomness, as "
    "predict shows them, and randomised), one threshold a class or a subgroup (lac_by_class, "
    "lac_by_group). Scores are of the model's own probabilities, before calibration; an item without "
    "finite scores has no set."
)
WHOLE = "The figure for the whole is that of the smallest sets (lac) at 90 %."
FEWEST = 10
"""Classes and sizes with fewer test items are not judged by themselves."""
