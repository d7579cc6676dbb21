"""How numbers are written for people: one place for percents, intervals, counts and durations."""

from collections.abc import Sequence

from finetrust.core.measure import Measure

SPACE = "\N{NO-BREAK SPACE}"
DASH = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"
NOTHING = "\N{EM DASH}"


def percent(share: float) -> str:
    """Return a share as percents: ``0.935`` as ``93.5 %``; only exactly 1 is ``100 %``."""
    return f"{_percent_digits(share)}{SPACE}%"


def promised(share: float) -> str:
    """Return a share that was asked for, not measured, as percents: ``0.9`` as ``90 %``."""
    return f"{share * 100:g}{SPACE}%"


def number(value: float) -> str:
    """Return a bare number with three decimals; a small one that is not 0 is not shown as 0."""
    if value == 0:
        return "0"
    if abs(value) < 0.0005:
        return "<0.001" if value > 0 else f">{MINUS}0.001"
    digits = 3 if abs(value) < 100 else 1
    return f"{value:,.{digits}f}".replace("-", MINUS)


def quantity(value: float | None, unit: str) -> str:
    """Return a value in the unit of its measure, or a dash where there is none."""
    if value is None:
        return NOTHING
    return percent(value) if unit == "%" else number(value)


def interval(low: float | None, high: float | None, unit: str) -> str:
    """Return an interval in the unit of its measure: ``91.2–95.1 %``, or a dash without one."""
    if low is None or high is None:
        return NOTHING
    write = _percent_digits if unit == "%" else number
    between = f"{SPACE}to{SPACE}" if low < 0 else DASH
    return f"{write(low)}{between}{write(high)}" + (f"{SPACE}%" if unit == "%" else "")


def range_of(measure: Measure) -> str:
    """Return the bounds of the 95 % interval of a measure in words: ``91.2 and 95.1 %``."""
    low, high = (quantity(bound, measure.unit) for bound in (measure.ci_low, measure.ci_high))
    unit = f"{SPACE}%" if measure.unit == "%" else ""
    return f"{low.removesuffix(unit)} and {high}"


def value_of(measure: Measure) -> str:
    """Return the value of a measure as text."""
    return quantity(measure.value, measure.unit)


def interval_of(measure: Measure) -> str:
    """Return the 95 % interval of a measure as text."""
    return interval(measure.ci_low, measure.ci_high, measure.unit)


def points(share: float) -> str:
    """Return a difference of shares in percentage points: ``0.023`` as ``2.3 points``."""
    return f"{_percent_digits(share)}{SPACE}points"


def count(n: int) -> str:
    """Return a count with commas between the thousands."""
    return f"{n:,}"


def counted(n: int, one: str, many: str) -> str:
    """Return a count with the noun that goes with it: ``1 item``, ``1,234 items``."""
    return f"{count(n)} {one if n == 1 else many}"


def frequency(share: float) -> str:
    """Return a share as a natural frequency: ``94 of 100``; of 1,000 where that says too little."""
    for base in (100, 1000):
        if share in (0, 1) or 1 <= round(share * base) <= base - 1:
            return f"{round(share * base)} of {count(base)}"
    return "more than 999 of 1,000" if share > 0.5 else "fewer than 1 of 1,000"


def frequency_range(low: float, high: float) -> str:
    """Return an interval of shares as natural frequencies: ``90 and 96 of 100``."""
    low_of_100, high_of_100 = round(low * 100), round(high * 100)
    if low_of_100 == high_of_100:
        return f"{round(low * 1000)} and {round(high * 1000)} of 1,000"
    return f"{low_of_100} and {high_of_100} of 100"


def hits(measure: Measure) -> int:
    """Return how many items a share stands for."""
    return round((measure.value or 0.0) * measure.n)


def duration(seconds: float) -> str:
    """Return a time in the units in which a person would say it."""
    if seconds < 9.95:
        return f"{seconds:.1f}{SPACE}s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole}{SPACE}s"
    if whole < 3600:
        return _two_units(whole, 60, "min", "s")
    return _two_units(round(whole / 60), 60, "h", "min")


def learning_rate(rate: float) -> str:
    """Return a learning rate in its shortest form: ``0.001``, ``1e-5``."""
    mantissa, _, exponent = f"{rate:g}".partition("e")
    return f"{mantissa}e{int(exponent)}" if exponent else mantissa


def sentence_list(words: Sequence[str], most: int = 6) -> str:
    """Return words as in a sentence: ``a, b and c``; what is beyond `most` is counted."""
    shown = list(words[:most])
    if len(words) > most:
        shown.append(f"{count(len(words) - most)} more")
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else "".join(shown)


def _percent_digits(share: float) -> str:
    if share in (0, 1):
        return f"{share * 100:.0f}"
    text = f"{share * 100:.1f}"
    if text == "100.0" and share < 1:
        return ">99.9"
    if text in ("0.0", "-0.0"):
        return "<0.1"
    return text.replace("-", MINUS)


def _two_units(amount: int, base: int, large: str, small: str) -> str:
    whole, rest = divmod(amount, base)
    return f"{whole}{SPACE}{large}" + (f"{SPACE}{rest}{SPACE}{small}" if rest else "")
