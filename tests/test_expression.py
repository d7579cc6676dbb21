"""Expressions of names with settings: what is read is what was written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from finetrust import UserError
from finetrust.config import Options
from finetrust.expression import Term, read_expression

FORM = "Write it as 'a + b(c=1)'."
names = st.from_regex(r"[a-z][a-z0-9-]{0,8}", fullmatch=True)
keys = st.from_regex(r"[a-z][a-z0-9_]{0,5}", fullmatch=True)
values = st.from_regex(r"[a-z0-9.+-]{1,6}", fullmatch=True)
terms = st.builds(Term, names, st.dictionaries(keys, values, max_size=3))


class Some(Options):
    weight: float = Field(1.0, description="A weight.")


@given(st.lists(terms, min_size=1, max_size=4), st.sampled_from(["", " ", "   "]))
def test_what_is_written_is_read(written: list[Term], space: str) -> None:
    text = f"{space}+{space}".join(map(str, written))
    found = read_expression(f"{space}{text}{space}", "order", FORM)
    assert list(found.terms) == written
    assert str(found) == " + ".join(map(str, written))
    assert str(read_expression(str(found), "order", FORM)) == str(found)


def problem(text: str) -> UserError | None:
    try:
        read_expression(text, "order", FORM)
    except UserError as error:
        return error
    return None


@given(st.text(max_size=20))
def test_anything_else_is_a_one_line_error(text: str) -> None:
    found = problem(text)
    if found is not None:
        assert found.mend == FORM
        assert found.found.startswith(f"order '{text}': ")
    elif text.strip():
        assert read_expression(text, "order", FORM).terms[0].name in text


def test_settings_become_options() -> None:
    expression = read_expression("some(weight=2.5e+1)", "order", FORM)
    assert expression.options(expression.terms[0], Some) == Some(weight=25)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "some(wight=1)",
            r"order 'some\(wight=1\)': some has no setting 'wight'. Did you mean 'weight'",
        ),
        ("some(x=1)", "Settings of some: weight."),
        ("some(weight=much)", "option 'weight' is 'much'"),
    ],
)
def test_what_options_do_not_have_is_named(text: str, said: str) -> None:
    expression = read_expression(text, "order", FORM)
    with pytest.raises(UserError, match=said):
        expression.options(expression.terms[0], Some)
