"""What a requirement may look like."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetrust.core.errors import UserError
from finetrust.gates.requirement import Bound, Versus, parse


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("< 0.05", Bound("<", 0.05)),
        (">=0.9", Bound(">=", 0.9)),
        (" >   .5 ", Bound(">", 0.5)),
        ("<= 1e-3", Bound("<=", 0.001)),
        ("> -0.5", Bound(">", -0.5)),
        ("≥ 90%", Bound(">=", 0.9, True)),
        ("< 5 %", Bound("<", 0.05, True)),
        ("not worse than runs/a by 0.01", Versus("runs/a", -0.01)),
        ("Not worse than runs/my run by less than 1 %", Versus("runs/my run", -0.01, True)),
        ("not worse than 'runs/a by 2' by 0.5", Versus("runs/a by 2", -0.5)),
        ("better than runs/a", Versus("runs/a", 0.0)),
        ("better than C:\\runs\\a by 2 %", Versus("C:\\runs\\a", 0.02, True)),
    ],
)
def test_it_means_what_it_says(text: str, expected: object) -> None:
    found = parse(text)
    assert found == expected
    assert parse(str(found)) == found


def test_a_run_in_quotes_may_be_called_like_a_margin() -> None:
    assert parse("better than 'runs/a by 1 pt'") == Versus("runs/a by 1 pt", 0.0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0.9", "which side is good"),
        ("90 %", "which side is good"),
        ("= 0.9", "is no requirement"),
        ("> much", "is no requirement"),
        ("> 0.9 0.8", "is no requirement"),
        ("> nan", "is no requirement"),
        ("> inf", "is no requirement"),
        ("as good as runs/a", "is no requirement"),
        ("not worse than runs/a", "by how much"),
        ("not worse than runs/a by 0", "no margin"),
        ("not worse than runs/a by -1", "no margin"),
        ("better than runs/a by -0.1", "negative margin"),
        ("better than runs/a by 1 pt", "margin in 'pt', which is no known unit"),
        ("not worse than runs/a by less than 2px", "margin in 'px', which is no known unit"),
    ],
)
def test_what_is_no_requirement_is_an_error(text: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        parse(text)


@given(st.sampled_from(["<", "<=", ">", ">="]), st.floats(-10, 10))
def test_a_limit_is_kept(operator: str, limit: float) -> None:
    found = parse(f"{operator} {limit!r}")
    assert found == Bound(operator, limit)
