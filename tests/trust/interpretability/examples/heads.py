"""Small problems of classification on features, for the tests of this folder."""

import numpy as np
import torch


def clusters(n: int, d: int, classes: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return features (n, d) and labels (n,) of overlapping Gaussian classes."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % classes
    return rng.normal(0, 1.5, (classes, d))[labels] + rng.normal(0, 1, (n, d)), labels


def loss(flat: torch.Tensor, features: np.ndarray, labels: np.ndarray, l2: float) -> torch.Tensor:
    """Return the loss that the Hessian is of, of weights and intercepts as one vector."""
    inputs, classes = torch.from_numpy(features), int(labels.max()) + 1
    weights = flat.view(features.shape[1] + 1, classes)
    logits = inputs @ weights[:-1] + weights[-1]
    loss = torch.nn.functional.cross_entropy(logits, torch.from_numpy(labels))
    return loss + l2 / 2 * weights[:-1].square().sum()
