"""A tested difference: its interval, its p-value, and by which method."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Tested:
    """A difference of two numbers, the second minus the first.

    Parameters
    ----------
    ci_low, ci_high : float
        95 % confidence interval.
    p_value : float
        Of the hypothesis that there is no difference; 1 where nothing speaks against it.
    paired : bool
        Whether both rest on the same items and the interval makes use of it.
    method : str
    """

    ci_low: float
    ci_high: float
    p_value: float
    paired: bool
    method: str
