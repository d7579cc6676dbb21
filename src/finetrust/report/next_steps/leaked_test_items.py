"""Evaluation items that the model was trained on, and copies in two splits of the data."""

from collections.abc import Iterator, Mapping
from typing import Any

from finetrust.core.profile import TrustProfile
from finetrust.report.judged import noun_of, singular
from finetrust.report.next_steps.step import Gravity, Step, finding
from finetrust.report.numbers import count, counted, hits, percent
from finetrust.report.verdicts.measured import measured

MANY = 0.01
SOME = 0.002
COPIES = ("exact_duplicates", "near_duplicates")


@finding("leaked_test_items", order=10)
def leaked_test_items(profile: TrustProfile, report: Mapping[str, Any]) -> Iterator[Step]:
    """Yield how many evaluation items are copies of training items, or lie in two splits."""
    overlap = measured(profile, "train_overlap")
    if overlap is not None and hits(overlap):
        seen, noun = hits(overlap), noun_of(profile.data)
        subject = counted(seen, f"evaluation {singular(noun)} was", f"evaluation {noun} were")
        share = overlap.value or 0.0
        yield Step(
            _gravity(share),
            f"{subject} also in the training data, as a copy or nearly so ({percent(share)}): on "
            "what it has seen a model looks better than it is.",
            "Remove such copies from one of the two and evaluate again.",
        )
        return
    pairs = sum(int((report.get(kind) or {}).get("across_splits") or 0) for kind in COPIES)
    if pairs:
        subject = counted(pairs, "pair of copies lies", "pairs of copies lie")
        yield Step(
            Gravity.NOTABLE,
            f"{subject} in two different splits of the data the model was tuned on.",
            f"Remove one of each pair: the data report lists the first {count(100)}.",
        )


def _gravity(share: float) -> Gravity:
    if share >= MANY:
        return Gravity.GRAVE
    return Gravity.NOTABLE if share >= SOME else Gravity.MINOR
