"""The error-aware mixture of Domino."""

import numpy as np
from scipy.stats import norm

from finetrust.trust.accuracy.groups.error_mixture import WEIGHT, ErrorMixture


def world(n: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return embeddings of three separate blobs, the third of which is always mistaken."""
    rng = np.random.default_rng(seed)
    blob = np.arange(n) % 3
    z = rng.normal(size=(n, 2)) + 8 * np.array([[0, 0], [1, 0], [0, 1]])[blob]
    target = np.where(blob == 1, 1, 0)
    return z, target, np.where(blob == 2, 1, target), blob


def test_a_cluster_of_errors_is_found() -> None:
    z, target, predicted, blob = world(300, seed=0)
    right = target == predicted
    mixture = ErrorMixture.fit(z, (target, predicted), right, 6, seed=0)
    cluster = mixture.cluster_of(z)
    for one in set(cluster.tolist()):
        assert len(set(blob[cluster == one].tolist())) == 1


def test_where_an_item_belongs_is_bayes_rule_on_the_embedding_alone() -> None:
    z, target, predicted, _ = world(60, seed=1)
    mixture = ErrorMixture.fit(z, (target, predicted), target == predicted, 4, seed=0)
    for item, found in zip(z, mixture.cluster_of(z), strict=True):
        scores = [
            np.log(mixture.share[s])
            + norm.logpdf(item, mixture.mean[s], np.sqrt(mixture.variance[s])).sum()
            for s in range(4)
        ]
        assert found == int(np.argmax(scores))


def test_one_step_is_that_of_the_paper_in_plain_loops() -> None:
    z, target, predicted, _ = world(45, seed=2)
    right = target == predicted
    before = ErrorMixture.fit(z, (target, predicted), right, 3, seed=0)
    log = before._log_embedding(z) + WEIGHT * before._log_answers((target, predicted))
    for i in range(45):
        for s in range(3):
            expected = np.log(before.share[s])
            for d in range(2):
                v = before.variance[s, d]
                expected -= ((z[i, d] - before.mean[s, d]) ** 2 / v + np.log(v)) / 2
            expected += WEIGHT * before.of_answers[0][s, target[i]]
            expected += WEIGHT * before.of_answers[1][s, predicted[i]]
            assert np.isclose(log[i, s], expected)
    member = np.random.default_rng(0).dirichlet(np.ones(3), 45)
    after = ErrorMixture._of(z, (target, predicted), member)
    for s in range(3):
        weights = member[:, s]
        assert np.isclose(after.share[s], weights.sum() / 45)
        mean = sum(w * row for w, row in zip(weights, z, strict=True)) / weights.sum()
        np.testing.assert_allclose(after.mean[s], mean)
        squares = sum(w * (row - mean) ** 2 for w, row in zip(weights, z, strict=True))
        smoothed = (squares + z.var(axis=0)) / (weights.sum() + 1)
        np.testing.assert_allclose(after.variance[s], smoothed, rtol=1e-4)
        shares = np.exp(after.of_answers[1][s])
        assert np.isclose(shares[1], weights[predicted == 1].sum() / weights.sum(), atol=0.01)


def test_it_stands_items_that_are_all_alike_or_all_wrong() -> None:
    z = np.zeros((30, 2))
    target = np.zeros(30, int)
    for predicted in (target, target + 1):
        mixture = ErrorMixture.fit(z, (target, predicted), target == predicted, 4, seed=0)
        assert np.isfinite(mixture._log_embedding(z)).all()
