"""Agreement with neighbours, and the votes that it rests on."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.stats import binomtest

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Absence, measures
from finetrust.core.predictions import Predictions
from finetrust.trust.interpretability.examples.votes import votes

from ...worlds import logits_for, predictions_of

MEASURE = measures.get("neighbour_agreement")


@given(
    hnp.arrays(
        np.int64, st.tuples(st.integers(0, 6), st.integers(0, 6)), elements=st.integers(-1, 3)
    )
)
def test_a_vote_is_the_most_frequent_label_and_of_equals_the_first(labels: np.ndarray):
    for row, found in zip(labels.tolist(), votes(labels).tolist(), strict=True):
        counts = Counter(label for label in row if label != -1)
        # A counter keeps the order in which it first met what it counts.
        assert found == (counts.most_common(1)[0][0] if counts else -1)


def evidence(
    predicted: list[int], target: list[int], neighbours: list[list[int]], sampled: list[int]
) -> Evidence:
    clean = predictions_of(logits_for(predicted, 3), target)
    columns = {
        "target": np.array(target),
        "predicted": np.array(predicted),
        "sampled": np.array(sampled, np.uint8),
        **{f"label-{rank}": column for rank, column in enumerate(np.array(neighbours).T)},
    }
    return Evidence(
        clean, trials={"examples": {"neighbours": Predictions(clean.ids, columns)}}, seed=1
    )


def test_it_is_the_share_of_answers_that_most_neighbours_have_right_and_wrong_apart():
    own = evidence(
        [0, 1, 2, 0, 1],
        [0, 1, 2, 1, 2],
        [[0, 0, 1], [1, 2, 2], [2, 2, 2], [0, 0, 0], [2, 2, 2]],
        [1, 1, 1, 1, 1],
    )
    whole, right, wrong = MEASURE.estimate(own)
    assert (whole.value, whole.n) == (pytest.approx(3 / 5), 5)
    assert (right.subset, right.value, right.n) == ("answer=right", pytest.approx(2 / 3), 3)
    assert (wrong.subset, wrong.value, wrong.n) == ("answer=wrong", 0.5, 2)
    wilson = binomtest(3, 5).proportion_ci(method="wilson")
    assert (whole.ci_low, whole.ci_high) == pytest.approx((wilson.low, wilson.high))
    assert whole.replicates().mean() == pytest.approx(3 / 5, abs=0.02)


def test_items_that_only_pictures_show_are_not_counted():
    own = evidence([0, 1, 2], [0, 1, 2], [[0], [1], [1]], [1, 1, 0])
    whole, _, wrong = MEASURE.estimate(own)
    assert (whole.value, whole.n) == (1.0, 2)
    assert wrong == Absence("no answer is wrong", "answer=wrong")
