"""Outputs that are no numbers: NaN or infinite."""

from collections.abc import Iterator, Mapping
from typing import Any

from finetrust.core.measure import Measure
from finetrust.core.profile import TrustProfile
from finetrust.report.judged import counted_items
from finetrust.report.names import in_sentence, subset_label, words
from finetrust.report.next_steps.step import Gravity, Step, finding
from finetrust.report.numbers import count, hits, interval_of, sentence_list
from finetrust.report.verdicts.measured import measured


@finding("no_answers", order=20)
def no_answers(profile: TrustProfile, report: Mapping[str, Any]) -> Iterator[Step]:
    """Yield for how many items there was no finite output, untouched or disturbed."""
    missing = measured(profile, "non_finite_outputs")
    if missing is not None and hits(missing):
        yield Step(
            Gravity.GRAVE,
            f"For {count(hits(missing))} of {count(missing.n)} untouched items the model returned "
            "no finite answer. They count as wrong.",
            "Evaluate again with `--precision fp32`; if it stays so, tune again with a lower "
            "`--learning-rate`.",
        )
    disturbed = [m for m in profile.subsets("non_finite_outputs") if m.value]
    if disturbed:
        kinds = sentence_list([in_sentence(subset_label(m)) for m in disturbed])
        yield Step(
            Gravity.NOTABLE,
            f"Under {kinds} the model returned no finite answer for some items.",
            "Evaluate again with `--precision fp32`, and refuse inputs that give no finite output.",
        )
        return
    lost = measured(profile, "non_finite_under_perturbation")
    if lost is not None and hits(lost):
        told = sentence_list([f"{trial} ({count(n)})" for trial, n in _by_trial(lost).items()])
        trials = f": {told}" if told else ""
        yield Step(
            Gravity.NOTABLE,
            f"In the trials, the model returned no finite answer for {count(hits(lost))} of "
            f"{counted_items(profile, lost.n)} (interval {interval_of(lost)}){trials}.",
            "Evaluate again with `--precision fp32`, and refuse inputs that give no finite output.",
        )


def _by_trial(lost: Measure) -> dict[str, int]:
    """Return the largest number of items that any step of a trial lost, by trial."""
    most: dict[str, int] = {}
    for table, facts in lost.details.items():
        if isinstance(facts, Mapping) and isinstance(facts.get("count"), int):
            trial = in_sentence(words(table.partition("/")[0]))
            most[trial] = max(most.get(trial, 0), facts["count"])
    return most
