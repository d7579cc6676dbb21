"""What a reader must know before anything else: a shortcut, or explanations that are not to be believed."""

from finetrust.core.measure import Measure
from finetrust.core.profile import TrustProfile


def alarms(profile: TrustProfile) -> list[str]:
    """Return the warnings of the axis of explanations, each as one sentence or two."""
    found = (warning_of(m) for m in profile.axis("interpretability"))
    return list(dict.fromkeys(warning for warning in found if warning is not None))


def warning_of(measure: Measure) -> str | None:
    """Return the warning in the details of a measure of all the data, or None.

    It is their ``warning``; or their ``sentence`` where they raise an ``alarm``, or say that something is
    not ``believed``.
    """
    if measure.subset or not measure.applies:
        return None
    details = measure.details
    alarming = details.get("alarm") is True or details.get("believed") is False
    told = details.get("warning", details.get("sentence") if alarming else None)
    return told if isinstance(told, str) else None
