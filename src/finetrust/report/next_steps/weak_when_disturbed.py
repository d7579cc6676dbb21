"""A main figure that falls far when inputs are damaged, by all kinds or by those of one family."""

from collections.abc import Iterator, Mapping
from typing import Any

from finetrust.core.measure import Measure
from finetrust.core.profile import TrustProfile
from finetrust.report.judged import headline_of, noun_of
from finetrust.report.names import in_sentence, subset_label
from finetrust.report.next_steps.corruption_families import Family, families_of
from finetrust.report.next_steps.step import Gravity, Step, finding
from finetrust.report.numbers import interval_of, quantity, sentence_list, value_of
from finetrust.report.verdicts.damage import untouched_value
from finetrust.report.verdicts.measured import measured, weakest

KEPT = 0.8
KEPT_AT_LEAST = 0.5
MORE = "and let more than the head train (`--strategy lp-ft`)"


@finding("weak_when_disturbed", order=110)
def weak_when_disturbed(profile: TrustProfile, report: Mapping[str, Any]) -> Iterator[Step]:
    """Yield how much is left of the main figure, where less than four fifths are.

    Where that holds for a family of corruptions only, the family is named.
    """
    disturbed = headline_of(profile, "stability")
    if disturbed is None or not disturbed.applies:
        return
    kept = measured(profile, f"relative_{disturbed.name}")
    untouched = untouched_value(profile, disturbed)
    if kept is None or untouched is None:
        return
    parts = profile.subsets(disturbed.name)
    weak = [family for family in families_of(parts) if family.ci_high < KEPT * untouched]
    if disturbed.better == "higher" and (kept.ci_high or 1.0) < KEPT:
        yield _of_all(profile, disturbed, untouched, kept, weak)
    elif weak and disturbed.better == "higher":
        yield _of_families(profile, disturbed, untouched, weak)


def _of_all(
    profile: TrustProfile, disturbed: Measure, untouched: float, kept: Measure, weak: list[Family]
) -> Step:
    hardest = weakest(profile.subsets(disturbed.name))
    worst = f"; hardest is {in_sentence(subset_label(hardest))}" if hardest is not None else ""
    return Step(
        Gravity.GRAVE if (kept.ci_high or 1.0) < KEPT_AT_LEAST else Gravity.NOTABLE,
        f"Disturbed {noun_of(profile.data)} bring it down from {quantity(untouched, disturbed.unit)} to "
        f"{value_of(disturbed)} on average (interval {interval_of(disturbed)}){worst}.",
        _remedy(profile, weak),
    )


def _of_families(
    profile: TrustProfile, disturbed: Measure, untouched: float, weak: list[Family]
) -> Step:
    told = [f"{family.name} ({quantity(family.value, disturbed.unit)})" for family in weak]
    hardest = weakest(profile.subsets(disturbed.name))
    worst = ""
    if hardest is not None:
        worst = f"; hardest is {in_sentence(subset_label(hardest))}, with {value_of(hardest)}"
    return Step(
        Gravity.NOTABLE,
        f"It holds under most kinds of damage, but not under {sentence_list(told)}, against "
        f"{quantity(untouched, disturbed.unit)} untouched{worst}.",
        _remedy(profile, weak),
    )


def _remedy(profile: TrustProfile, weak: list[Family]) -> str:
    noun = noun_of(profile.data)
    if noun != "images":
        return f"Add such disturbed {noun} to the training data and tune again."
    damage = sentence_list([_with_kinds(family) for family in weak]) or "such damage"
    return (
        f"If such {noun} are to be expected, add copies with {damage} to the training data, or tune with "
        "stronger augmentation (`--augment augmix`, with `augmix-consistency` added to the strategy) "
        f"{MORE}."
    )


def _with_kinds(family: Family) -> str:
    kinds = sentence_list([in_sentence(subset_label(m)) for m in family.members], 3)
    return f"{family.name} ({kinds})"
