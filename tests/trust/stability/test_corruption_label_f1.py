"""Micro F1 of labels under corruption, and beside a plain model."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit
from sklearn.metrics import f1_score

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measures

from ..accuracy.labels.worlds_of_labels import labelled, ordinary_labels


def measured(name: str, evidence: Evidence) -> dict[str, Estimate]:
    return {estimate.subset: estimate for estimate in measures.get(name).estimate(evidence)}


def micro_f1(predictions: object, threshold: float) -> float:
    given = expit(predictions["label_logits"]) >= threshold
    return f1_score(predictions["label_targets"], given, average="micro")


def test_types_count_the_same_and_within_a_type_severities() -> None:
    evidence = ordinary_labels()
    f1 = {name: micro_f1(table, 0.4) for name, table in evidence.perturbed.items()}
    found = measured("corruption_label_f1", evidence)
    typos = np.mean([f1[f"typos-{severity}"] for severity in (1, 2, 3)])
    assert found["corruption=typos"].value == pytest.approx(typos)
    assert found[""].value == pytest.approx(np.mean(list(f1.values())))
    assert found[""].details["casing"]["2"] == pytest.approx(f1["casing-2"])
    kept = measured("relative_corruption_label_f1", evidence)[""]
    assert kept.value == pytest.approx(found[""].value / micro_f1(evidence.clean, 0.4))
    assert kept.ci_low < kept.value < kept.ci_high < 1


def test_the_gain_over_the_plain_model_is_paired() -> None:
    evidence = ordinary_labels()
    gain = measured("gain_over_baseline_label_micro_f1", evidence)[""]
    plain = measured("baseline_label_micro_f1", evidence)[""]
    assert plain.value == pytest.approx(micro_f1(evidence.baseline, 0.5))
    assert gain.value == pytest.approx(micro_f1(evidence.clean, 0.4) - plain.value)
    assert 0 < gain.ci_low < gain.value < gain.ci_high


def test_without_labels_or_a_plain_model_there_is_a_reason() -> None:
    nothing = labelled(-np.ones((2, 2)), np.zeros((2, 2)))
    corrupted = {"typos-1": replace(nothing.clean, perturbation="typos-1")}
    with pytest.raises(NotApplicable, match="no item has a label"):
        measured("corruption_label_f1", replace(nothing, perturbed=corrupted))
    with pytest.raises(NotApplicable, match="no plain model"):
        measured("baseline_label_micro_f1", nothing)
