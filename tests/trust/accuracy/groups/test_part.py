"""The evidence of one group."""

import numpy as np
import pytest

from finetrust.trust.accuracy.answers import Answers, answers_of, uncalibrated_answers_of
from finetrust.trust.accuracy.groups.part import part_of

from ...families import full_evidence
from ...worlds import calibrated_world


@pytest.mark.parametrize("spoiled", [[], [3, 8], [3, 8, 12]])
def test_answers_handed_over_are_those_that_would_be_computed(spoiled: list[int]) -> None:
    logits, targets = calibrated_world(40, 3, seed=0)
    logits[spoiled] = np.nan
    evidence = full_evidence(logits, targets)
    rows = np.array([3, 4, 8, 9, 12, 30])
    part = part_of(evidence, rows)
    for kept, calibration in (
        (answers_of, evidence.calibration),
        (uncalibrated_answers_of, {}),
    ):
        computed = Answers.of(evidence.clean.take(rows), calibration)
        for name, values in vars(computed).items():
            np.testing.assert_allclose(getattr(kept(part), name), values, err_msg=name)


def test_they_are_not_computed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    evidence = full_evidence(*calibrated_world(40, 3, seed=0))
    answers_of(evidence), uncalibrated_answers_of(evidence)
    monkeypatch.setattr(Answers, "of", None)
    assert len(answers_of(part_of(evidence, np.array([5, 6]))).rows) == 2


def test_it_holds_the_items_and_nothing_that_divides_them_further() -> None:
    evidence = full_evidence(*calibrated_world(40, 3, seed=0))
    part = part_of(evidence, np.array([2, 7]))
    assert part.clean.ids.tolist() == ["2", "7"]
    assert not part.groups
    assert not part.properties
    assert part.calibration == evidence.calibration
    assert "features" not in part.clean
