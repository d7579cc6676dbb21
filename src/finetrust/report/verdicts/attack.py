"""Sentences on attacks: how often answers withstand them, how little breaks them, what is proven."""

from collections.abc import Mapping
from typing import Any

from finetrust.core.measure import Measure
from finetrust.core.profile import TrustProfile
from finetrust.report.details import curves_in, number_in
from finetrust.report.judged import counted_items
from finetrust.report.numbers import DASH, percent, value_of
from finetrust.report.verdicts.measured import figures, measured

LEVELS = 255


def attack_sentences(profile: TrustProfile) -> list[str]:
    """Return what is left of accuracy under attack, against none, and the smallest change that breaks."""
    return [*_withstands(profile), *_smallest(profile), *_proven(profile)]


def masking_warning(profile: TrustProfile) -> str | None:
    """Return why accuracy under attack is not to be believed, or None."""
    masking = measured(profile, "gradient_masking")
    warning = masking.details.get("warning") if masking is not None else None
    return warning if isinstance(warning, str) else None


def reference_curve(robust: Measure) -> Mapping[str, Any] | None:
    """Return the curve that the value of the measure is a point of: the first."""
    curves = robust.details.get("curves")
    found = curves_in(curves, "eps", "accuracy") if isinstance(curves, Mapping) else {}
    return next(iter(found.values()), None)


def _withstands(profile: TrustProfile) -> list[str]:
    robust = measured(profile, "robust_accuracy")
    if robust is None:
        return []
    curve = reference_curve(robust) or {}
    size = number_in(curve, "reference")
    how = (
        "small changes"
        if size is None
        else f"changes of at most {size * LEVELS:.3g} of {LEVELS} levels"
    )
    untouched = _at_none(curve)
    against = "" if untouched is None else f", against {percent(untouched)} without"
    flattered = " This is probably too high." if masking_warning(profile) else ""
    return [
        f"Under attack by somebody who knows the network, with hardly visible {how} of a colour value, it "
        f"stays right in {value_of(robust)} ({figures(profile, robust)}){against}.{flattered}"
    ]


def _at_none(curve: Mapping[str, Any]) -> float | None:
    return float(curve["accuracy"][0]) if curve and curve["eps"][0] == 0 else None


def _smallest(profile: TrustProfile) -> list[str]:
    median = measured(profile, "median_linf_perturbation")
    if median is None or median.value is None:
        return []
    between = f"{median.ci_low or 0.0:.1f}{DASH}{median.ci_high or 0.0:.1f}"
    return [
        f"Half of its right answers break at {median.value:.1f} levels or less ({between}, "
        f"{counted_items(profile, median.n)})."
    ]


def _proven(profile: TrustProfile) -> list[str]:
    certified = measured(profile, "certified_accuracy")
    if certified is None:
        return []
    return [
        f"With noise added, {value_of(certified)} of the answers are right and proven to hold against "
        f"any small change ({figures(profile, certified)})."
    ]
