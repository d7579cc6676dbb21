"""Figures of trust in explanations agree with Quantus on the same maps, items and networks."""

import numpy as np
import pytest
import torch

from finetrust.trust.interpretability.agreement import rank_correlation
from finetrust.trust.interpretability.complexity import entropy, gini
from finetrust.trust.interpretability.faithfulness.removal import deletion, flipping_fractions
from finetrust.trust.interpretability.faithfulness.replacements.noisy_linear import (
    linear_imputation,
)
from finetrust.trust.interpretability.faithfulness.replacements.replacement import replacements
from finetrust.trust.interpretability.localisation.pointing import energy_pointing, pointing_game

from .square_reader import small_network

quantus = pytest.importorskip("quantus")
QUIET = {"disable_warnings": True, "display_progressbar": False, "abs": False, "normalise": False}


def given(metric, maps: torch.Tensor, **more) -> np.ndarray:
    """Return what a metric of Quantus says of maps (n, h, w) of one-channel images."""
    images = more.pop("images", torch.rand(len(maps), 1, *maps.shape[1:]))
    return np.asarray(
        metric(
            model=more.pop("network", small_network(channels=1)), x_batch=images.numpy(),
            y_batch=more.pop("targets", torch.zeros(len(maps)).long()).numpy(),
            a_batch=maps[:, None].numpy().copy(), device="cpu", softmax=True, channel_first=True,
            **more,
        )
    )  # fmt: skip


def test_pixel_flipping() -> None:
    network, images = small_network(channels=1), torch.rand(4, 1, 12, 12)
    targets, maps = torch.arange(4), torch.randn(4, 12, 12)
    metric = quantus.PixelFlipping(features_in_step=12, perturb_baseline=0.0, **QUIET)
    expected = given(metric, maps, images=images, targets=targets, network=network)
    found = deletion(
        network, images, targets, maps, torch.arange(4), replacements.get("black"),
        flipping_fractions(144, 12),
    )  # fmt: skip
    np.testing.assert_allclose(found.probability[:, 1:], expected, atol=1e-4)


def test_remove_and_debias() -> None:
    impute = quantus.functions.perturb_func.noisy_linear_imputation
    images, gone = torch.rand(3, 3, 24, 24), torch.rand(3, 24, 24) < 0.5
    for image, hole, found in zip(images, gone, linear_imputation(images, gone), strict=True):
        places = np.flatnonzero(hole.numpy().ravel())
        expected = impute(image.double().numpy(), places, noise=0.0)
        np.testing.assert_allclose(found, expected, atol=1e-3)


def test_localisation() -> None:
    maps, masks = torch.rand(30, 10, 10), torch.rand(30, 10, 10) < 0.3
    truth = masks[:, None].numpy()
    found = given(quantus.PointingGame(**QUIET), maps, s_batch=truth)
    np.testing.assert_allclose(pointing_game(maps, masks), found, atol=1e-6)
    found = given(quantus.RelevanceMassAccuracy(**QUIET), maps, s_batch=truth)
    np.testing.assert_allclose(energy_pointing(maps, masks), found, atol=1e-4)


def test_complexity() -> None:
    maps = torch.rand(5, 10, 10)
    np.testing.assert_allclose(entropy(maps), given(quantus.Complexity(**QUIET), maps), atol=1e-4)
    np.testing.assert_allclose(gini(maps), given(quantus.Sparseness(**QUIET), maps), atol=1e-4)


def test_rank_correlation() -> None:
    maps, others = torch.randn(5, 6, 6), torch.randint(0, 4, (5, 6, 6)).float()
    spearman = quantus.similarity_func.correlation_spearman
    expected = [spearman(m.ravel(), o.ravel()) for m, o in zip(maps, others, strict=True)]
    np.testing.assert_allclose(rank_correlation(maps, others), expected, atol=1e-9)
