"""What the check of the training labels found, as a measure."""

import numpy as np
import pytest

from finetrust.core.errors import NotApplicable
from finetrust.trust.data.train_label_errors import train_label_errors

from ..worlds import evidence_of

FOUND = {
    "share": 0.05,
    "ci_low": 0.03,
    "ci_high": 0.08,
    "p_value": 1e-9,
    "alarm": True,
    "n": 5000,
    "n_train": 6000,
    "suspects": [{"id": f"{i}.png", "label": "cat", "suggested": "dog"} for i in range(300)],
}


def test_it_is_what_was_found_when_the_model_was_tuned() -> None:
    evidence = evidence_of(np.eye(2), [0, 1], data={"train_label_suspects": FOUND})
    (found,) = train_label_errors(evidence)
    assert (found.value, found.ci_low, found.ci_high) == (0.05, 0.03, 0.08)
    assert found.n == 5000
    assert found.details["alarm"] is True
    assert found.details["suspects"] == FOUND["suspects"][:100]


@pytest.mark.parametrize("data", [{}, {"train_label_suspects": {}}])
def test_labels_that_were_not_checked_are_the_reason(data: dict) -> None:
    with pytest.raises(NotApplicable, match="labels of the training data were not checked"):
        list(train_label_errors(evidence_of(np.eye(2), [0, 1], data=data)))
