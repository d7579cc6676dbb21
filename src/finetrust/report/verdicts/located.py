"""Sentences on where a model looks: at the object, more often than a map that knows nothing would point."""

from finetrust.core.profile import TrustProfile
from finetrust.report.judged import counted_items
from finetrust.report.names import subset_value
from finetrust.report.numbers import count, hits, interval_of, percent
from finetrust.report.verdicts.measured import measured

KNOWS_NOTHING = {
    "centre": "the middle of the image",
    "edges": "its strongest edge",
    "random": "chance",
}


def located_sentences(profile: TrustProfile) -> list[str]:
    """Return how often the most important place lies on the object, against a map that knows nothing."""
    pointing = measured(profile, "pointing_game")
    if pointing is None:
        return []
    told = (
        f"On {count(hits(pointing))} of {counted_items(profile, pointing.n)} the place that speaks most for "
        f"the right answer lies on the object ({interval_of(pointing)})"
    )
    others = {
        subset_value(m): m.value
        for m in profile.subsets(pointing.name)
        if m.value is not None and subset_value(m) in KNOWS_NOTHING
    }
    if not others:
        return [f"{told}."]
    best = max(others, key=lambda name: others[name])
    return [f"{told}; {KNOWS_NOTHING[best]} would lie there in {percent(others[best])}."]
