"""Sentences on how the network is computed: answers that flip, and answers that are not there."""

from collections.abc import Iterator

from finetrust.core.profile import TrustProfile
from finetrust.report.judged import counted_items
from finetrust.report.names import in_sentence, subset_label
from finetrust.report.numbers import count, counted, hits, interval_of, sentence_list
from finetrust.report.verdicts.measured import measured


def numerics_sentences(profile: TrustProfile) -> list[str]:
    """Return how many answers flip with precision, order or program, and which are missing."""
    return [*flips(profile), *unanswered(profile)]


def flips(profile: TrustProfile) -> Iterator[str]:
    """Yield how many answers depend on how the network is computed."""
    measure = measured(profile, "numerics_flips")
    if measure is None:
        return
    ways = [m for m in profile.subsets(measure.name) if m.applies]
    which = sentence_list([in_sentence(subset_label(m)) for m in ways if m.value])
    told = f"{count(hits(measure))} of {counted_items(profile, measure.n)}"
    if not measure.value:
        tried = counted(len(ways), "way", "ways")
        yield (
            f"Computed in another precision, order or program ({tried}), none of the answers to "
            f"{counted_items(profile, measure.n)} flips (interval {interval_of(measure)})."
        )
        return
    yield (
        f"The answers to {told} depend on how the very same network is computed (interval "
        f"{interval_of(measure)}){f': {which}' if which else ''}."
    )


def unanswered(profile: TrustProfile) -> Iterator[str]:
    """Yield under which damage, and in which trials, there was no finite answer."""
    missing = [m for m in profile.subsets("non_finite_outputs") if m.value]
    if missing:
        kinds = sentence_list([in_sentence(subset_label(m)) for m in missing])
        yield f"Under {kinds} it returned no finite answer for some items."
        return
    lost = measured(profile, "non_finite_under_perturbation")
    if lost is not None and hits(lost):
        yield (
            f"Changes made {count(hits(lost))} of {counted_items(profile, lost.n)} lose their answer: "
            "the model returned NaN or infinity."
        )
