import numpy as np

from finetrust.trust.interpretability.examples.counterfactual_pairs import counterfactual_pairs

KNOWN = np.array([[0.0, 0], [1, 0], [5, 0], [9, 0]])
LABELS = np.array([0, 0, 1, 2])


def test_the_pair_is_the_nearest_item_of_another_class():
    asked = np.array([[0.0, 0], [6, 0], [6, 0]])
    positions, distances = counterfactual_pairs(
        asked, np.array([0, 1, 2]), KNOWN, LABELS, "euclidean"
    )
    assert positions.tolist() == [2, 3, 2]
    assert distances.tolist() == [5, 3, 1]


def test_without_another_class_there_is_no_pair():
    positions, distances = counterfactual_pairs(KNOWN[:1], np.array([0]), KNOWN[:2], LABELS[:2])
    assert positions.tolist() == [-1]
    assert np.isinf(distances).all()


def test_against_a_plain_loop():
    rng = np.random.default_rng(0)
    asked, known = rng.normal(size=(40, 6)), rng.normal(size=(150, 6))
    answers, labels = rng.integers(0, 4, 40), rng.integers(0, 4, 150)
    positions, distances = counterfactual_pairs(asked, answers, known, labels)
    for item, answer, position, distance in zip(asked, answers, positions, distances, strict=True):
        cosine = known @ item / np.linalg.norm(known, axis=1) / np.linalg.norm(item)
        apart = np.where(labels == answer, np.inf, 1 - cosine)
        assert position == apart.argmin()
        assert abs(distance - apart.min()) < 1e-9
