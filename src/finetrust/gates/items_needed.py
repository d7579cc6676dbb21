"""How many items a test set would need for a requirement to be shown."""

import math

from finetrust.gates.requirement import Bound
from finetrust.trust.accuracy.intervals import wilson

MOST_ITEMS = 10**9


def items_needed(
    bound: Bound, value: float, interval: tuple[float, float], n: int, share: bool
) -> int | None:
    """Return about how many items would show a requirement, if the value stayed what it is.

    Of a share it is the least number whose Wilson interval meets it; else the interval is taken to
    shrink with the square root of the number of items.

    Parameters
    ----------
    bound : Bound
        Which the interval does not show.
    value : float
    interval : (float, float)
        Of n items.
    n : int
    share : bool
        Whether the value is the share of the items for which something holds.

    Returns
    -------
    int or None
        Two digits that say something, rounded up; None where the value itself does not meet the
        requirement or lies on the limit, and where a billion items would not do.
    """
    if n < 1 or value == bound.limit or not bound.holds(value):
        return None
    if share and 0 <= bound.limit <= 1:
        needed = _of_share(bound, value, n)
    else:
        end = interval[0] if bound.upward else interval[1]
        needed = n * (abs(value - end) / abs(value - bound.limit)) ** 2
    return _rounded_up(max(needed, n + 1)) if needed <= MOST_ITEMS else None


def _of_share(bound: Bound, value: float, n: int) -> float:
    def shown(items: int) -> bool:
        low, high = wilson(value * items, items)
        return bound.holds(float(low)) and bound.holds(float(high))

    enough = n
    while not shown(enough):
        enough *= 2
        if enough > MOST_ITEMS:
            return math.inf
    short = enough // 2
    while enough - short > 1:
        middle = (enough + short) // 2
        short, enough = (short, middle) if shown(middle) else (middle, enough)
    return enough


def _rounded_up(n: float) -> int:
    base = 10 ** max(0, math.floor(math.log10(n)) - 1)
    return math.ceil(n / base) * base
