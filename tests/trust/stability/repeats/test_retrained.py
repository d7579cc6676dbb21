"""The decisions of a run and its repeats are matched by id, and kept by kind."""

from dataclasses import replace

import numpy as np
import pytest

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.trust.accuracy.probabilities import NO_ANSWER
from finetrust.trust.stability.repeats.retrained import retrained_of

from .worlds_of_repeats import decided, repeats_world

RUN = [0, 1, 2, 0]


def test_items_are_matched_by_id() -> None:
    evidence = repeats_world(RUN, {"seed-1": [0, 0, 2, 1]})
    mixed = evidence.trials["repeats"]["seed-1"].take(np.array([3, 1, 0, 2]))
    found = retrained_of(replace(evidence, trials={"repeats": {"seed-1": mixed}}))
    np.testing.assert_array_equal(found.run, RUN)
    np.testing.assert_array_equal(found.repeats["seed"], [[0, 0, 2, 1]])


def test_the_run_is_one_more_draw_of_seed_and_order_alone() -> None:
    names = ("seed-1", "seed-2", "order-1", "bootstrap-1", "drop-1")
    found = retrained_of(repeats_world(RUN, dict.fromkeys(names, RUN)))
    assert list(found.repeats) == ["seed", "order", "bootstrap", "drop"]
    counts = {kind: len(of) for kind, of in found.alike.items()}
    assert counts == {"seed": 3, "order": 2, "bootstrap": 1, "drop": 1}
    assert len(found.everyone) == 6


def test_a_repeat_decides_by_its_own_calibration() -> None:
    evidence = repeats_world(RUN, {"seed-1": RUN})
    table = evidence.trials["repeats"]["seed-1"]
    own = replace(table, columns={**table.columns, "predicted_class": np.array([2, 2, 2, 2])})
    found = retrained_of(replace(evidence, trials={"repeats": {"seed-1": own}}))
    np.testing.assert_array_equal(found.repeats["seed"], [[2, 2, 2, 2]])


def test_nan_is_no_answer() -> None:
    evidence = repeats_world(RUN, {"seed-1": RUN})
    evidence.trials["repeats"]["seed-1"]["logits"][1] = np.nan
    np.testing.assert_array_equal(retrained_of(evidence).repeats["seed"], [[0, NO_ANSWER, 2, 0]])


@pytest.mark.parametrize(
    ("evidence", "reason"),
    [
        (Evidence(decided(RUN, RUN, 3), untried={"repeats": "not asked for"}), "not asked for"),
        (repeats_world(RUN, {"other-1": RUN}), "no repeats of a known kind"),
    ],
)
def test_without_repeats_there_is_a_reason(evidence: Evidence, reason: str) -> None:
    with pytest.raises(NotApplicable, match=reason):
        retrained_of(evidence)
