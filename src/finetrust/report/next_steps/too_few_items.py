"""A test that is too small to tell much: wide intervals, of the whole and of single classes."""

from collections.abc import Iterator, Mapping
from typing import Any

from finetrust.core.profile import TrustProfile
from finetrust.report.judged import counted_items, headline_of, noun_of
from finetrust.report.names import in_sentence, plural, subset_kind, subset_value
from finetrust.report.next_steps.step import Gravity, Step, finding
from finetrust.report.numbers import count, counted, points, sentence_list
from finetrust.report.verdicts.measured import measured
from finetrust.report.verdicts.parts import class_parts

WIDE = 0.10
WIDE_OF_A_CLASS = 0.30


@finding("too_few_items", order=130)
def too_few_items(profile: TrustProfile, report: Mapping[str, Any]) -> Iterator[Step]:
    """Yield what the size of the test leaves open."""
    yield from _whole(profile)
    yield from _classes_without_items(profile)
    yield from _small_classes(profile)


def _whole(profile: TrustProfile) -> Iterator[Step]:
    main = headline_of(profile, "accuracy")
    if main is None or main.ci_low is None or main.ci_high is None or main.unit != "%":
        return
    width = main.ci_high - main.ci_low
    if width <= WIDE:
        return
    needed = counted_items(profile, _rounded(main.n * (width / WIDE) ** 2))
    verb = "is" if main.n == 1 else "are"
    yield Step(
        Gravity.GRAVE if width > 2 * WIDE else Gravity.NOTABLE,
        f"{counted_items(profile, main.n)} {verb} few: the interval of the "
        f"{in_sentence(main.title)} is {points(width)} wide.{_unseen(profile)}",
        f"Label more test data: about {needed} would narrow it to {_in_points(WIDE)}.",
    )


def _unseen(profile: TrustProfile) -> str:
    smallest = measured(profile, "detectable_difference")
    if smallest is None or smallest.unit != "%":
        return ""
    return f" Two models that differ by less than {points(smallest.value or 0.0)} look alike on it."


def _classes_without_items(profile: TrustProfile) -> Iterator[Step]:
    seen = {subset_value(part) for part in class_parts(profile) if subset_kind(part) == "class"}
    absent = [f"“{name}”" for name in profile.data.get("classes", ()) if name not in seen]
    if seen and absent:
        one = len(absent) == 1
        yield Step(
            Gravity.NOTABLE,
            f"{counted(len(absent), 'class has', 'classes have')} no evaluation "
            f"{noun_of(profile.data)}, so that nothing is known about {'it' if one else 'them'}: "
            f"{sentence_list(absent)}.",
            f"Add labelled test {noun_of(profile.data)} of {'it' if one else 'them'}.",
        )


def _small_classes(profile: TrustProfile) -> Iterator[Step]:
    parts = [m for m in class_parts(profile) if m.unit == "%"]
    wide = [m for m in parts if (m.ci_high or 0) - (m.ci_low or 0) > WIDE_OF_A_CLASS]
    if wide:
        kind = subset_kind(wide[0])
        noun = noun_of(profile.data)
        fewest = min(m.n for m in wide)
        told = counted(len(wide), f"{kind} rest", f"{plural(kind)} rest")
        yield Step(
            Gravity.MINOR,
            f"The figures of {told} on so few {noun} (down to {count(fewest)}) that their intervals "
            f"are more than {_in_points(WIDE_OF_A_CLASS)} wide.",
            f"Do not rank {plural(kind)} by them; add test {noun} of these.",
        )


def _in_points(share: float) -> str:
    return f"{share * 100:.0f} points"


def _rounded(n: float) -> int:
    """Return `n` with two digits, as befits an estimate."""
    digits = len(str(round(n)))
    return int(round(n, min(0, 2 - digits)))
