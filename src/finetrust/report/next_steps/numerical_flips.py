"""Answers that depend on how the network is computed."""

from collections.abc import Iterator, Mapping
from typing import Any

from finetrust.core.profile import TrustProfile
from finetrust.report.judged import counted_items
from finetrust.report.names import in_sentence, subset_label
from finetrust.report.next_steps.step import Gravity, Step, finding
from finetrust.report.numbers import count, hits, interval_of, sentence_list
from finetrust.report.verdicts.measured import measured

FEW = 0.01


@finding("numerical_flips", order=118)
def numerical_flips(profile: TrustProfile, report: Mapping[str, Any]) -> Iterator[Step]:
    """Yield how many answers flip with precision, order or program, if any does."""
    flips = measured(profile, "numerics_flips")
    if flips is None or not flips.value:
        return
    ways = [in_sentence(subset_label(m)) for m in profile.subsets(flips.name) if m.value]
    by = f", computed otherwise ({sentence_list(ways)})" if ways else ", computed otherwise"
    yield Step(
        Gravity.NOTABLE if (flips.ci_low or 0.0) > FEW else Gravity.MINOR,
        f"The answer about {count(hits(flips))} of {counted_items(profile, flips.n)} is another one{by} "
        f"(interval {interval_of(flips)}).",
        "Evaluate in the precision and with the program that will be used (`--precision fp32`), and treat "
        "answers with two classes nearly alike as undecided.",
    )
