"""The trials of stability: what each is called, what it cost, and why one was not held."""

from collections.abc import Mapping
from dataclasses import dataclass

from finetrust.core.profile import TrustProfile
from finetrust.report.names import words

TITLES: Mapping[str, str] = {
    "adversarial": "Attacks",
    "corruptions": "Damaged inputs",
    "harmless_changes": "Harmless changes",
    "numerics": "Other ways of computing",
    "ood": "Unfamiliar inputs",
    "repeats": "Training again",
    "smoothing": "Proofs by noise",
}


@dataclass(frozen=True)
class Held:
    """One trial.

    Parameters
    ----------
    title : str
    seconds : float or None
        What it took; None where it was not held.
    reason : str
        Why it was not held; empty where it was.
    """

    title: str
    seconds: float | None
    reason: str = ""


def trials_of(profile: TrustProfile) -> list[Held]:
    """Return the trials that were held, the dearest first, then those that were not."""
    seconds = profile.context.get("seconds", {})
    took = seconds.get("trials", {}) if isinstance(seconds, Mapping) else {}
    held = sorted(took.items(), key=lambda pair: -pair[1])
    untried = profile.context.get("untried", {})
    return [
        *(Held(_title(name), float(spent)) for name, spent in held),
        *(Held(_title(name), None, str(why)) for name, why in sorted(untried.items())),
    ]


def _title(name: str) -> str:
    return TITLES.get(name, words(name))
