"""Sentences on explanations: which method, why that one, and whether what it marks matters to the answer."""

from collections.abc import Iterator

from finetrust.core.profile import TrustProfile
from finetrust.report.numbers import frequency
from finetrust.report.signed import signed
from finetrust.report.verdicts.measured import figures, measured


def explained_sentences(profile: TrustProfile) -> list[str]:
    """Return how the method was chosen, what its maps are worth, and what similar training items say."""
    return [*_choice(profile), *faithful(profile), *_similar(profile)]


def faithful(profile: TrustProfile) -> Iterator[str]:
    """Yield whether the places that explanations mark matter more than places drawn at random."""
    gain = measured(profile, "faithfulness_gain")
    if gain is None or gain.value is None or gain.ci_low is None or gain.ci_high is None:
        return
    told = f"{signed(gain.value, gain.unit)} ({figures(profile, gain)})"
    if gain.ci_low > 0:
        yield f"What its explanations mark matters more to the answer than what chance marks: {told}."
    elif gain.ci_high < 0:
        yield f"What its explanations mark matters less to the answer than what chance marks: {told}."
    else:
        yield (
            "That what its explanations mark matters more to the answer than what chance marks is not "
            f"shown: {told}."
        )


def _choice(profile: TrustProfile) -> Iterator[str]:
    gain = measured(profile, "faithfulness_gain")
    sentence = gain.details.get("sentence") if gain is not None else None
    if isinstance(sentence, str):
        yield sentence


def _similar(profile: TrustProfile) -> Iterator[str]:
    agreement = measured(profile, "neighbour_agreement")
    if agreement is not None and agreement.value is not None:
        yield (
            f"In {frequency(agreement.value)} cases it answers what most of the training items that it "
            f"finds most similar are labelled ({figures(profile, agreement)})."
        )
