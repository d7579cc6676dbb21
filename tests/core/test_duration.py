"""Times are read as people write them, and nothing else is taken for one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetrust.core.duration import seconds_of
from finetrust.core.errors import UserError


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        ("90s", 90),
        (" 0.5M ", 30),
        ("10 min", 600),
        ("90m", 5400),
        ("1.5 h", 5400),
        ("1h30m", 5400),
        ("1h 30m 5s", 5405),
        ("2d", 172_800),
    ],
)
def test_times_are_read_as_people_write_them(text: str, seconds: float) -> None:
    assert seconds_of(text, "--budget") == seconds


@pytest.mark.parametrize(
    "text", ["", "h", "ten", "two hours", "0", "0h", "-5m", "10x", "1h later", "1h30", "3 4", "1e3"]
)
def test_what_is_no_time_is_one_line_that_names_the_option(text: str) -> None:
    with pytest.raises(UserError, match=r"--budget '.*' is no time"):
        seconds_of(text, "--budget")


@given(hours=st.integers(0, 99), minutes=st.integers(0, 59), seconds=st.integers(1, 59))
def test_hours_minutes_and_seconds_add_up(hours: int, minutes: int, seconds: int) -> None:
    text = f"{hours}h{minutes}m{seconds}s"
    assert seconds_of(text, "--budget") == 3600 * hours + 60 * minutes + seconds
