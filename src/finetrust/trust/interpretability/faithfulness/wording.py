"""What all measures of faithfulness say of how they are made."""

REMOVED = (
    "What is removed from an image is filled in from its neighbours, with a little noise, so that no hard "
    "edge tells where it was (ROAD, Rong et al. 2022); other fillings, from effort standard on, beside it. "
    "Of texts words are taken out; shares of the words are rounded up."
)
RIVALS = (
    "Beside it the same of rivals that know nothing of the model: a coarse map and single pixels drawn at "
    "random, and the edges of the image; of texts words at random, and the rarest words first. Intervals "
    "by a bootstrap over items, of differences paired by item."
)
SAMPLE = (
    "Of a random sample of the items where n is less than all. What is explained is the answer, right or "
    "wrong; an item without a finite output is left out."
)
