"""How numbers and names are written."""

import pytest

from finetrust.report import numbers
from finetrust.report.names import printable, shortened, words


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.935, "93.5 %"),
        (1, "100 %"),
        (0, "0 %"),
        (0.9999, ">99.9 %"),
        (0.0001, "<0.1 %"),
        (1.042, "104.2 %"),
        (-0.031, "−3.1 %"),
    ],
)
def test_percents_are_exact_only_where_the_share_is(share: float, text: str) -> None:
    assert numbers.percent(share).replace("\xa0", " ") == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.2314, "0.231"), (0.0001, "<0.001"), (0, "0"), (-0.5, "−0.500"), (1234.56, "1,234.6")],
)
def test_bare_numbers_have_three_decimals(value: float, text: str) -> None:
    assert numbers.number(value) == text


@pytest.mark.parametrize(
    ("low", "high", "unit", "text"),
    [
        (0.912, 0.951, "%", "91.2–95.1 %"),
        (0, 0.0136, "%", "0–1.4 %"),
        (0.18, 0.26, "", "0.180–0.260"),
        (-0.02, 0.3, "%", "−2.0 to 30.0 %"),
        (None, None, "%", "—"),
    ],
)
def test_intervals_name_their_unit_once(
    low: float | None, high: float | None, unit: str, text: str
) -> None:
    assert numbers.interval(low, high, unit).replace("\xa0", " ") == text


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.936, "94 of 100"),
        (0.004, "4 of 1,000"),
        (0.9972, "997 of 1,000"),
        (0.99995, "more than 999 of 1,000"),
        (0.00001, "fewer than 1 of 1,000"),
        (1, "100 of 100"),
        (0, "0 of 100"),
    ],
)
def test_natural_frequencies_never_round_to_certainty(share: float, text: str) -> None:
    assert numbers.frequency(share) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.84, "0.8 s"), (59.7, "1 min"), (200, "3 min 20 s"), (3900, "1 h 5 min"), (12.2, "12 s")],
)
def test_durations_are_said_as_a_person_would(seconds: float, text: str) -> None:
    assert numbers.duration(seconds).replace("\xa0", " ") == text


def test_learning_rates_are_short() -> None:
    assert [numbers.learning_rate(r) for r in (0.01, 1e-5, 3.3e-4)] == ["0.01", "1e-5", "0.00033"]


def test_lists_in_sentences_count_what_they_leave_out() -> None:
    assert numbers.sentence_list(["a", "b", "c"]) == "a, b and c"
    assert numbers.sentence_list([str(i) for i in range(9)], 2) == "0, 1 and 7 more"
    assert numbers.sentence_list([]) == ""


def test_printable_text_cannot_act() -> None:
    assert printable("a\x1b[31mb\u202ec\ud800\x00") == "a�[31mb�c��"
    assert printable("two\nlines\tand\r\nmore") == "two lines and more"


def test_long_names_end_in_an_ellipsis() -> None:
    assert shortened("tabby cat", 6) == "tabby…"
    assert shortened("cat", 6) == "cat"


def test_keys_become_words() -> None:
    assert words("gaussian_noise") == "Gaussian noise"
