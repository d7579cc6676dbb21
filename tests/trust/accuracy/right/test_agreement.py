"""Cohen's kappa and Matthews' correlation."""

import numpy as np
import pytest
import torch
from hypothesis import given
from sklearn.metrics import cohen_kappa_score, matthews_corrcoef
from torchmetrics.functional.classification import (
    multiclass_cohen_kappa,
    multiclass_matthews_corrcoef,
)

from finetrust.core.errors import NotApplicable
from finetrust.core.measure import Estimate, measures

from ...worlds import calibrated_world, evidence_of, logits_for, tables

REFERENCES = {"cohen_kappa": cohen_kappa_score, "mcc": matthews_corrcoef}


def measured(name: str, logits: object, targets: object) -> Estimate:
    (estimate,) = measures.get(name).estimate(evidence_of(logits, targets))
    return estimate


@pytest.mark.parametrize("name", REFERENCES)
@given(tables(answered=False))
def test_it_agrees_with_scikit_learn(name: str, table: tuple) -> None:
    logits, targets = table
    answered = np.isfinite(logits).all(axis=1)
    predicted = np.where(answered, np.nan_to_num(logits).argmax(axis=1), logits.shape[1])
    alike = [len(np.unique(targets)) == 1, len(np.unique(predicted)) == 1]
    same = targets[0] == predicted[0]
    if (all(alike) and same) if name == "cohen_kappa" else any(alike):
        with pytest.raises(NotApplicable, match="one class"):
            measured(name, logits, targets)
    else:
        expected = REFERENCES[name](targets, predicted)
        assert measured(name, logits, targets).value == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("name", "reference"),
    [("cohen_kappa", multiclass_cohen_kappa), ("mcc", multiclass_matthews_corrcoef)],
)
def test_it_agrees_with_torchmetrics(name: str, reference: object) -> None:
    logits, targets = calibrated_world(500, 7, seed=0)
    expected = reference(torch.tensor(logits), torch.tensor(targets), 7)
    assert measured(name, logits, targets).value == pytest.approx(float(expected), abs=1e-6)


@pytest.mark.parametrize("name", REFERENCES)
def test_guessing_comes_to_nothing_and_its_interval_holds_zero(name: str) -> None:
    rng = np.random.default_rng(0)
    found = measured(name, logits_for(rng.integers(0, 3, 400), 3), rng.integers(0, 3, 400))
    assert found.value == pytest.approx(0, abs=0.1)
    assert found.ci_low < 0 < found.ci_high


def test_kappa_of_the_published_example() -> None:
    """Cohen 1960, table 1 and eq. 1: 0.29 observed and 0.28 by chance would be close to zero."""
    # Two raters of 100 cases: 45 and 35 agreed, 15 and 5 not; p_o = 0.8, p_e = 0.5.
    targets = np.repeat([0, 0, 1, 1], [45, 15, 5, 35])
    predicted = np.repeat([0, 1, 0, 1], [45, 15, 5, 35])
    assert measured("cohen_kappa", logits_for(predicted, 2), targets).value == pytest.approx(0.6)


@pytest.mark.parametrize("name", REFERENCES)
def test_the_interval_covers_the_true_value_at_its_rate(name: str) -> None:
    worlds = 300
    truth = measured(name, *calibrated_world(300_000, 4, 0)).value
    found = [measured(name, *calibrated_world(100, 4, seed)) for seed in range(1, worlds)]
    coverage = np.mean([e.ci_low <= truth <= e.ci_high for e in found])
    assert coverage == pytest.approx(0.95, abs=3 * (0.95 * 0.05 / worlds) ** 0.5 + 0.01)
