"""Sentences on whether explanations are to be believed: whether they hang on the network, and hold still."""

from collections.abc import Iterator

from finetrust.core.profile import TrustProfile
from finetrust.report.alarms import warning_of
from finetrust.report.numbers import value_of
from finetrust.report.verdicts.measured import figures, measured


def believed_sentences(profile: TrustProfile) -> list[str]:
    """Return whether maps change with the weights, and how far they change where they must not.

    That they are not to be believed is told as a warning of the measure, and not once more here.
    """
    return [*_with_weights(profile), *_stable(profile)]


def not_believed(profile: TrustProfile) -> str | None:
    """Return why the explanations shown are not to be believed, or None."""
    weights = measured(profile, "weight_randomisation")
    return None if weights is None else warning_of(weights)


def _with_weights(profile: TrustProfile) -> Iterator[str]:
    weights = measured(profile, "weight_randomisation")
    sentence = weights.details.get("sentence") if weights is not None else None
    if isinstance(sentence, str) and not_believed(profile) is None:
        yield sentence


def _stable(profile: TrustProfile) -> Iterator[str]:
    stable = measured(profile, "explanation_stability")
    if stable is not None:
        yield (
            "Under harmless changes its explanations keep a rank correlation of "
            f"{value_of(stable)} ({figures(profile, stable)}; 1 is the same, 0 another one altogether)."
        )
