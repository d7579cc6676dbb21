"""Predictions under corruption are compared with those on the very same items untouched."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.predictions import Predictions, ragged
from finetrust.trust.trials.matched import matched


def table(ids: list[str], name: str = "clean") -> Predictions:
    """Return items whose columns can be told from their ids."""
    numbers = np.array([int(i) for i in ids], np.int64)
    columns = {"target": numbers, "boxes": ragged([np.full((n % 3, 4), n) for n in numbers])}
    return Predictions(np.array(ids, dtype=str), columns, perturbation=name)


def evidence(clean: list[str], perturbed: dict[str, list[str]]) -> Evidence:
    return Evidence(table(clean), {name: table(ids, name) for name, ids in perturbed.items()})


some_ids = st.lists(st.integers(0, 30).map(str), unique=True, max_size=25)


@given(some_ids, some_ids, some_ids)
def test_exactly_the_common_items_are_matched_whatever_their_order(
    clean: list[str], noisy: list[str], dark: list[str]
) -> None:
    given = evidence(clean, {"noise-1": noisy, "noise-3": noisy[::-1], "dark-2": dark})
    common = set(clean) & set(noisy) & set(dark)
    if not common:
        with pytest.raises(NotApplicable, match="no item was seen untouched and under every"):
            matched(given)
        return
    found, by_type = matched(given)
    tables = [found, by_type["noise"][1], by_type["noise"][3], by_type["dark"][2]]
    for one in tables:
        assert one.ids.tolist() == sorted(common)
        assert one["target"].tolist() == [int(i) for i in sorted(common)]
        for boxes, number in zip(one["boxes"], one["target"], strict=True):
            assert boxes.shape == (number % 3, 4)
            assert (boxes == number).all()


def test_types_and_severities_are_read_from_the_names() -> None:
    names = ["gaussian_noise-1", "gaussian_noise-5", "motion-blur-3"]
    _, by_type = matched(evidence(["1"], {name: ["1"] for name in names}))
    assert {name: sorted(of) for name, of in by_type.items()} == {
        "gaussian_noise": [1, 5],
        "motion-blur": [3],
    }
    assert by_type["motion-blur"][3].perturbation == "motion-blur-3"


@pytest.mark.parametrize("name", ["adversarial", "shift-left", "-3"])
def test_what_is_no_corruption_with_a_severity_is_left_out(name: str) -> None:
    _, by_type = matched(evidence(["1", "2"], {name: ["9"], "noise-1": ["1", "2"]}))
    assert list(by_type) == ["noise"]
    with pytest.raises(NotApplicable, match="not run on corrupted inputs"):
        matched(evidence(["1"], {name: ["1"]}))


def test_without_corruptions_there_is_nothing_to_match() -> None:
    with pytest.raises(NotApplicable, match="not run on corrupted inputs"):
        matched(evidence(["1"], {}))


def test_the_evidence_stays_as_it_is() -> None:
    given = evidence(["2", "1"], {"noise-1": ["1", "2", "3"]})
    matched(given)
    assert given.clean.ids.tolist() == ["2", "1"]
    assert given.perturbed["noise-1"].ids.tolist() == ["1", "2", "3"]
