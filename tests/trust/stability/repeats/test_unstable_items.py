"""Unstable items: entropy of the decisions, and the list of the least stable ones."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import entropy as entropy_of

from finetrust.trust.stability.repeats.unstable_items import instability, unstable_items

from .worlds_of_repeats import repeats_world


@given(st.integers(0, 2**32 - 1), st.integers(1, 7), st.integers(1, 10))
def test_entropy_and_disagreement_are_those_of_the_shares(seed: int, models: int, n: int) -> None:
    decisions = np.random.default_rng(seed).integers(-1, 3, (models, n))
    entropy, disagreement = instability(decisions)
    for item in range(n):
        shares = np.unique(decisions[:, item], return_counts=True)[1] / models
        assert entropy[item] == pytest.approx(entropy_of(shares))
        assert disagreement[item] == pytest.approx(1 - (shares**2).sum())


def test_the_least_stable_items_are_named_first() -> None:
    repeats = {
        "seed-1": [0, 1, 0, 0],
        "seed-2": [0, 2, 0, 0],
        "order-1": [0, 0, 1, 0],
    }
    evidence = repeats_world([0, 0, 0, 0], repeats, classes=3, targets=[0, 1, 0, 0])
    (found,) = unstable_items(evidence)
    assert found.value == 0.5
    assert found.details["models"] == 4
    first, second = found.details["items"]
    assert first["id"] == "1"
    assert first["answers"] == {"0": 2, "1": 1, "2": 1}
    assert (first["target"], first["run"]) == ("1", "0")
    assert (second["id"], second["answers"]) == ("2", {"0": 3, "1": 1})
    assert first["entropy"] > second["entropy"] > 0


def test_classes_have_their_names_and_no_answer_is_told() -> None:
    evidence = repeats_world([0, 0], {"seed-1": [0, 0]}, classes=2)
    evidence.trials["repeats"]["seed-1"]["logits"][1] = np.nan
    (found,) = unstable_items(replace(evidence, classes=("cat", "dog")))
    assert found.details["items"][0]["answers"] == {"no answer": 1, "cat": 1}
