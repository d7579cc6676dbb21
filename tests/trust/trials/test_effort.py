"""As many items as the wanted width takes."""

import pytest

from finetrust.trust.accuracy.intervals import wilson
from finetrust.trust.trials.effort import effort_of


@pytest.mark.parametrize(
    ("name", "width", "costly"),
    [("quick", 0.05, 0.1), ("standard", 0.03, 0.05), ("full", 0.01, 0.03)],
)
def test_the_interval_is_as_narrow_as_promised_and_no_item_is_wasted(name, width, costly):
    for wanted, expensive in ((width, False), (costly, True)):
        n = effort_of(name).items(expensive)
        low, high = wilson(n // 2, n)
        assert (high - low) / 2 <= wanted
        low, high = wilson(n * 0.45, n * 0.9)
        assert (high - low) / 2 > 0.99 * wanted


def test_a_limit_of_items_is_kept():
    assert effort_of("full", 50).items() == effort_of("full", 50).items(costly=True) == 50
    assert effort_of("quick", 10_000).items() == effort_of("quick").items()
