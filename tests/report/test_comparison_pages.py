"""A comparison as people read it."""

import io

import numpy as np
import pytest
from rich.console import Console

from finetrust.core.comparison import Comparison, Difference, Flips
from finetrust.report.comparison_markdown import comparison_markdown
from finetrust.report.comparison_table import comparison_tables
from finetrust.report.comparison_words import p_text
from finetrust.report.signed import signed, signed_interval

HOSTILE = "<script>|`*\x1b[31m\u202e"


def difference(name: str, subset: str = "", p: float = 0.01, **facts: object) -> Difference:
    given = {
        "run": "runs/b", "title": name.capitalize(), "unit": "%", "better": "higher",
        "axis": "accuracy", "reference": 0.8, "value": 0.85, "ci_low": 0.01, "ci_high": 0.09,
        "p_value": p, "adjusted_p": p, "n": 100, "paired": True, "method": "", **facts,
    }  # fmt: skip
    return Difference(name=name, subset=subset, **given)  # type: ignore[arg-type]


def flips(m: int = 14) -> Flips:
    names = np.array([HOSTILE] * m)
    return Flips("runs/b", 100, names, names, names, names, np.arange(m) % 7 == 0)


COMPARISON = Comparison(
    "runs/a",
    ("runs/b",),
    {"name": HOSTILE, "split": "test", "n": 100, "inputs": "images"},
    True,
    (
        difference("accuracy"),
        difference("nll", p=0.4, unit="", better="lower", paired=False),
        difference("recall", f"class={HOSTILE}"),
        difference("recall", "class=dog", p=0.6),
        difference("mce", secondary=True),
    ),
    (flips(),),
    {"runs/b": ("corruption_accuracy",)},
    (HOSTILE,),
)


def shown(comparison: Comparison) -> str:
    out = io.StringIO()
    Console(file=out, width=80).print(comparison_tables(comparison))
    return out.getvalue()


def test_the_terminal_shows_main_measures_and_the_parts_that_differ() -> None:
    text = shown(COMPARISON)
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert "Accuracy 80.0 → 85.0 % +5.0 (+1.0 to +9.0) 0.010 better" in lines
    assert "Nll 0.800 → 0.850 +0.050 (+0.010 to +0.090)* 0.40" in lines
    assert "dog" not in text
    assert "Mce" not in text
    assert "2 more, of parts and details" in text
    assert "12 went from right to wrong and 2 from wrong to right" in text
    assert "... 2 more" in text
    assert "\x1b[31m" not in text
    assert max(map(len, text.splitlines())) <= 80


def test_the_page_shows_everything_and_names_stay_names() -> None:
    page = comparison_markdown(COMPARISON)
    assert "<script>" not in page
    assert "\x1b" not in page
    assert sum(line.startswith("| ") for line in page.splitlines()) == 2 * 2 + 5
    assert "Shown to be better in 2 measures." in page
    assert "Measured in one of the two only: corruption\\_accuracy." in page
    assert "12 went from right to wrong" in page


def test_without_any_difference_it_says_so() -> None:
    same = Comparison("a", ("runs/b",), {"name": "x", "n": 1}, True, (difference("nll", p=0.5),))
    assert "No difference is shown." in comparison_markdown(same)
    assert "better" not in shown(same)


@pytest.mark.parametrize(
    ("p", "text"), [(1.0, "1.00"), (0.051, "0.051"), (0.0499, "0.050"), (1e-9, "<0.001")]
)
def test_p_values_have_as_many_digits_as_say_something(p: float, text: str) -> None:
    assert p_text(p) == text


def test_differences_have_a_sign() -> None:
    assert signed(0.0234, "%") == "+2.3\N{NO-BREAK SPACE}points"
    assert signed(-0.0234, "") == "\N{MINUS SIGN}0.023"
    assert signed(0.0, "%") == "0\N{NO-BREAK SPACE}points"
    assert signed_interval(-0.01, 0.02, "%") == "\N{MINUS SIGN}1.0 to +2.0\N{NO-BREAK SPACE}points"
