"""Sentences on training again: how many answers would be others, and how accuracy would vary."""

from collections.abc import Iterator

from finetrust.core.profile import TrustProfile
from finetrust.report.details import number_in
from finetrust.report.judged import counted_items
from finetrust.report.numbers import count, counted, frequency, hits, interval_of, points
from finetrust.report.verdicts.measured import figures, measured


def retrained_sentences(profile: TrustProfile) -> list[str]:
    """Return the churn, the answers that hang on chance, and the spread of accuracy."""
    return [*_churn(profile), *_unstable(profile), *_spread(profile)]


def _churn(profile: TrustProfile) -> Iterator[str]:
    churn = measured(profile, "churn")
    if churn is not None and churn.value is not None:
        yield (
            f"Trained once more, it would give another answer in {frequency(churn.value)} cases ("
            f"{figures(profile, churn)})."
        )


def _unstable(profile: TrustProfile) -> Iterator[str]:
    unstable = measured(profile, "unstable_items")
    models = number_in(unstable.details, "models") if unstable is not None else None
    if unstable is not None and models:
        yield (
            f"{counted(int(models), 'model', 'models')} trained alike do not agree on "
            f"{count(hits(unstable))} of {counted_items(profile, unstable.n)}."
        )


def _spread(profile: TrustProfile) -> Iterator[str]:
    spread = measured(profile, "accuracy_spread")
    if spread is not None and spread.value is not None:
        yield (
            f"Its accuracy goes up and down by {points(spread.value)} from one training to the next "
            f"(standard deviation, interval {interval_of(spread)})."
        )
