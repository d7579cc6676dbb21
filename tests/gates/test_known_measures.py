"""Measures that a gate may name, known before anything is measured."""

import pytest

from finetrust.core.errors import UserError
from finetrust.gates.gate import Gate
from finetrust.gates.known_measures import check
from finetrust.gates.requirement import parse


def gate(key: str, requirement: str = "> 0.5") -> Gate:
    return Gate(key, parse(requirement), where="gates.yaml, line 4")


@pytest.mark.parametrize(
    "key",
    ["accuracy", "recall[class=cat]", "recall[*]", "worst_group.accuracy", "group_gap.nll",
     "worst_slice.accuracy", "accuracy[site=north]"],
)  # fmt: skip
def test_known_measures_pass(key: str) -> None:
    check(gate(key), ["cat", "dog"])


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("acuracy", "Did you mean 'accuracy'?"),
        ("worst_group.acuracy", "Did you mean 'worst_group.accuracy'?"),
        ("worst_group.", "unknown measure 'worst_group.'"),
        ("best_group.accuracy", "unknown measure 'best_group.accuracy'"),
        ("Accuracy", "Did you mean 'accuracy'?"),
        ("recall[class=cut]", "no class 'cut'. Did you mean 'cat'?"),
    ],
)
def test_others_are_an_error_that_suggests_the_nearest(key: str, said: str) -> None:
    with pytest.raises(UserError) as error:
        check(gate(key), ["cat", "dog"])
    assert said in str(error.value)
    assert str(error.value).startswith("gates.yaml, line 4: ")


@pytest.mark.parametrize(
    "requirement", ["> 90", "< 5", "not worse than a by 2", "better than a by 3"]
)
def test_percents_without_their_sign_are_an_error(requirement: str) -> None:
    with pytest.raises(UserError, match="a share from 0 to 1"):
        check(gate("accuracy", requirement))


def test_large_numbers_are_fine_where_they_are_meant() -> None:
    check(gate("relative_corruption_accuracy", "< 120 %"))
    check(gate("nll", "< 3"))
