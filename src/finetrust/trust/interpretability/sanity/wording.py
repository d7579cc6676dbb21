"""What all measures of the explanations themselves say of how they are made."""

ITEMS = (
    "Explained is the answer of the model, on a random sample of the items; costly methods are tried on "
    "fewer. An item whose map is not finite is left out and counted in the details; of texts, one of fewer "
    "than 4 words has no order to compare. The figure is that of the method that explains; the other "
    "candidates follow."
)
