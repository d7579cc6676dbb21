import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics.pairwise import rbf_kernel

from finetrust.core.errors import NotApplicable
from finetrust.trust.interpretability.examples.mmd_critic import median_distance, mmd_critic


def discrepancy(kernel, chosen):
    chosen = list(chosen)
    return (
        kernel.mean()
        - 2 * kernel[:, chosen].mean(axis=0).mean()
        + kernel[np.ix_(chosen, chosen)].mean()
    )


def by_brute_force(features, n_prototypes, n_criticisms, width):
    """The two algorithms of the paper, every objective computed anew from the whole kernel."""
    kernel = rbf_kernel(features, gamma=1 / (2 * width**2))
    prototypes, criticisms = [], []
    for _ in range(n_prototypes):
        free = [i for i in range(len(features)) if i not in prototypes]
        prototypes.append(min(free, key=lambda i: discrepancy(kernel, [*prototypes, i])))
    witness = np.abs(kernel.mean(axis=0) - kernel[prototypes].mean(axis=0))

    def objective(chosen):
        _, log_determinant = np.linalg.slogdet(kernel[np.ix_(chosen, chosen)])
        return witness[chosen].sum() + log_determinant

    for _ in range(n_criticisms):
        free = [i for i in range(len(features)) if i not in prototypes + criticisms]
        criticisms.append(max(free, key=lambda i: objective([*criticisms, i])))
    return (
        prototypes,
        criticisms,
        [discrepancy(kernel, prototypes[: i + 1]) for i in range(n_prototypes)],
    )


@given(st.integers(0, 10**6), st.integers(8, 25), st.sampled_from([0.5, 1.0, 3.0]))
def test_it_is_the_papers_algorithm_by_brute_force(seed, n, width):
    features = np.random.default_rng(seed).normal(size=(n, 3))
    found = mmd_critic(features, 4, 4, width)
    prototypes, criticisms, discrepancies = by_brute_force(features, 4, 4, width)
    assert found.prototypes.tolist() == prototypes
    assert found.criticisms.tolist() == criticisms
    assert found.mmd2 == pytest.approx(discrepancies, abs=1e-12)


def test_one_prototype_for_each_cluster_and_those_between_are_criticised():
    rng = np.random.default_rng(0)
    centres = np.array([[0.0, 0], [10, 0], [0, 10]])
    features = np.concatenate(
        [c + rng.normal(0, 0.3, (40, 2)) for c in centres] + [np.full((6, 2), 5.5)]
    )
    found = mmd_critic(features, 3, 1, width=2.0)
    assert sorted(found.prototypes // 40) == [0, 1, 2]
    assert found.criticisms[0] >= 120
    apart = np.linalg.norm(features[found.prototypes] - centres[found.prototypes // 40], axis=1)
    assert (apart < 0.5).all()


def test_all_items_together_stand_for_themselves():
    features = np.random.default_rng(0).normal(size=(12, 2))
    found = mmd_critic(features, 20, 5)
    assert sorted(found.prototypes) == list(range(12))
    assert found.mmd2[-1] == pytest.approx(0, abs=1e-12)
    assert len(found.criticisms) == 0


def test_copies_are_criticised_once():
    features = np.array([[0.0, 0], [0, 0], [0.1, 0], [8, 8], [8, 8], [8, 8]])
    found = mmd_critic(features, 1, 5, width=1.0)
    assert len({tuple(features[i]) for i in found.criticisms}) == len(found.criticisms)
    assert not set(found.criticisms) & set(found.prototypes)


def test_the_width_is_the_median_distance():
    features = np.random.default_rng(3).normal(size=(50, 4)) + 100
    apart = np.linalg.norm(features[:, None] - features, axis=2)[np.triu_indices(50, 1)]
    assert median_distance(features) == pytest.approx(np.median(apart))
    assert mmd_critic(features, 2, 0).width == pytest.approx(np.median(apart))


def test_copies_do_not_make_the_width_zero():
    assert median_distance(np.repeat([[1.0, 2], [4, 6]], [30, 1], axis=0)) == pytest.approx(5)


def test_items_that_are_all_alike_have_no_width():
    with pytest.raises(NotApplicable, match="alike"):
        mmd_critic(np.full((5, 2), 0.1), 2, 2)


def test_neither_units_nor_origin_matter():
    features = np.random.default_rng(4).normal(size=(60, 5))
    one, two = mmd_critic(features, 5, 5), mmd_critic(20 * features + 7, 5, 5)
    assert one.prototypes.tolist() == two.prototypes.tolist()
    assert one.criticisms.tolist() == two.criticisms.tolist()


def test_float32_and_blocks_agree_with_float64():
    features = np.random.default_rng(5).normal(size=(3000, 8))
    one, two = mmd_critic(features, 5, 3), mmd_critic(features.astype(np.float32), 5, 3)
    assert one.mmd2 == pytest.approx(two.mmd2, abs=1e-6)
    kernel = rbf_kernel(features, gamma=1 / (2 * one.width**2))
    assert one.mmd2[-1] == pytest.approx(discrepancy(kernel, one.prototypes), abs=1e-12)
