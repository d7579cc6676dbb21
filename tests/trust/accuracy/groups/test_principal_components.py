"""The few directions in which features vary most."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from finetrust.trust.accuracy.groups.principal_components import PrincipalComponents


def test_they_are_those_of_an_exact_decomposition() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(400, 60)) * 0.8 ** np.arange(60) + rng.normal(size=60)
    ours = PrincipalComponents.of(features.astype(np.float32), 5, seed=0)
    exact = PCA(5).fit(features)
    scores = ours.scores(features, np.arange(400))
    signs = np.sign((scores * exact.transform(features)).sum(axis=0))
    np.testing.assert_allclose(scores * signs, exact.transform(features), atol=1e-3)


@pytest.mark.parametrize("shape", [(3, 10), (10, 3), (1, 4), (5, 1)])
def test_there_are_no_more_than_dimensions_or_items(shape: tuple[int, int]) -> None:
    features = np.random.default_rng(0).normal(size=shape)
    components = PrincipalComponents.of(features, 32, seed=0)
    scores = components.scores(features, np.arange(shape[0]))
    assert scores.shape == (shape[0], min(shape))
    gram = components.directions.T @ components.directions
    np.testing.assert_allclose(gram, np.eye(min(shape)), atol=1e-4)


def test_items_are_placed_by_their_rows() -> None:
    features = np.random.default_rng(0).normal(size=(9, 4))
    components = PrincipalComponents.of(features, 2, seed=0)
    every = components.scores(features, np.arange(9))
    np.testing.assert_array_equal(components.scores(features, np.array([7, 2])), every[[7, 2]])
    assert components.scores(features, np.array([], int)).shape == (0, 2)
