"""The combined score: its parts in proportion, a promise that holds, and no kind that it is blind to."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from finetrust.core.errors import NotApplicable
from finetrust.trust.stability.ood.detectors import Detectors, fit_detectors
from finetrust.trust.stability.ood.familiarity import familiarity
from finetrust.trust.stability.ood.score import Head, Seen
from finetrust.trust.stability.ood.scores.combined import PARTS, in_proportion

D, CLASSES = 40, 4
RNG = np.random.default_rng(5)
MEANS = 0.6 * RNG.normal(size=(CLASSES, D))
HEAD = Head.linear(MEANS / 4, -(MEANS**2).sum(axis=1) / 8)


def seen(features: np.ndarray) -> Seen:
    return Seen(features.astype(np.float32), HEAD.logits(features))


def familiar(n: int, rng: np.random.Generator) -> tuple[Seen, np.ndarray]:
    classes = rng.integers(CLASSES, size=n)
    return seen(MEANS[classes] + rng.normal(size=(n, D))), classes


def detectors(n: int = 150, weighing: int = 60, seed: int = 0) -> Detectors:
    rng = np.random.default_rng(seed)
    known, classes = familiar(n, rng)
    return fit_detectors(known, classes, HEAD).with_combined(familiar(weighing, rng)[0])


def test_it_is_the_largest_part_where_0_is_the_median_and_1_the_90th_percentile() -> None:
    rng = np.random.default_rng(0)
    known, classes = familiar(150, rng)
    plain = fit_detectors(known, classes, HEAD)
    items, others = familiar(60, rng)[0], familiar(20, rng)[0]
    of_items, of_others = plain(items), plain(others)
    expected = []
    for part in PARTS:
        middle, top = np.quantile(of_items[part], [0.5, 0.9])
        expected.append((of_others[part] - middle) / (top - middle))
    found = plain.with_combined(items)(others)["combined"]
    np.testing.assert_allclose(found, np.max(expected, axis=0), rtol=1e-4, atol=1e-4)


def test_what_one_part_is_blind_to_another_one_sees() -> None:
    """Between two classes the answer is in doubt; far along a class the answer is sure and it is far."""
    rng = np.random.default_rng(1)
    found, head_of = detectors(), familiar(300, rng)[0]
    between = seen((MEANS[0] + MEANS[1]) / 2 + rng.normal(size=(300, D)))
    beyond = seen(4 * MEANS[rng.integers(CLASSES, size=300)] + rng.normal(size=(300, D)))
    truth = np.repeat([0, 1], 300)

    def auroc(name: str, other: Seen) -> float:
        return float(roc_auc_score(truth, np.append(found(head_of)[name], found(other)[name])))

    assert auroc("msp", beyond) < 0.2
    assert auroc("combined", beyond) > 0.95
    assert auroc("combined", between) > 0.8


def test_no_more_familiar_inputs_are_marked_than_promised() -> None:
    marked = []
    for seed in range(40):
        found, rng = detectors(seed=seed, weighing=12), np.random.default_rng(1000 + seed)
        judged, new = (found(familiar(n, rng)[0])["combined"] for n in (39, 100))
        marked.append(float((familiarity(new, judged) <= 0.05).mean()))
    assert np.mean(marked) == pytest.approx(0.05, abs=0.015)


def test_parts_that_are_absent_or_do_not_differ_are_left_out() -> None:
    values = {"msp": np.array([0.0, 1.0, 2.0]), "knn": np.zeros(3)}
    state = in_proportion({"msp": {}, "knn": {"directions": np.zeros((2, D), np.float32)}}, values)
    assert [name.partition(".")[0] for name in state] == ["msp"]
    with pytest.raises(NotApplicable, match="no score that it is made of"):
        in_proportion({"energy": {}}, {"energy": np.arange(3.0)})


def test_an_item_without_finite_numbers_is_the_most_unusual() -> None:
    features = MEANS.astype(np.float32).copy()
    features[1, 0] = np.nan
    found = detectors()(seen(features))["combined"]
    assert np.isinf(found).tolist() == [False, True, False, False]
