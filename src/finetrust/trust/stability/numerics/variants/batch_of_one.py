"""Batches of one: every input by itself, as a service sees them, without padding to others."""

import numpy as np

from finetrust.core.predictions import Predictions
from finetrust.trust.stability.numerics.variants.variant import asked_one_by_one, variant
from finetrust.trust.trials.bench import Bench


@variant("batch_of_one")
def batch_of_one(bench: Bench, rows: np.ndarray) -> Predictions:
    """Return the answers to inputs that are put to the network one at a time."""
    return asked_one_by_one(bench, rows, "batches of one", bench.network)
