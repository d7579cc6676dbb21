"""What validation data say of a network, as they are and disturbed."""

import pytest

from finetrust.tuning.validated import Validated


def test_figures_of_a_share_lie_between_both() -> None:
    one, other = {"accuracy": 0.9, "loss": 0.2}, {"accuracy": 0.5, "loss": 1.0}
    assert Validated(one, {}, 0.0).figures == Validated(one, other, 0.0).figures == one
    assert Validated(one, other, 1.0).figures == other
    between = Validated(one, other, 0.25).figures
    assert between == pytest.approx({"accuracy": 0.8, "loss": 0.4})


def test_both_kinds_are_told_where_there_are_two() -> None:
    one, other = {"accuracy": 0.9}, {"accuracy": 0.5}
    assert Validated(one, {}, 0.0).facts == {}
    assert Validated(one, other, 0.5).facts == {"plain": one, "disturbed": other}
    assert Validated({}, {}, 0.5).figures == {}
