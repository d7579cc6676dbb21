"""Answers that flip though nothing that matters has changed."""

from collections.abc import Iterator, Mapping
from typing import Any

from finetrust.core.profile import TrustProfile
from finetrust.report.judged import counted_items
from finetrust.report.names import in_sentence, subset_label, subset_value
from finetrust.report.next_steps.step import Gravity, Step, finding
from finetrust.report.numbers import count, hits, interval_of, sentence_list, value_of
from finetrust.report.verdicts.measured import measured

TOLERATED = 0.05
REMEDIES = {
    "shift": "crops and shifts (`--augment crop`)",
    "crop": "crops (`--augment crop`)",
    "flip": "mirrored images (`--augment flip`)",
    "rotation": "turned images (`--augment trivialaugment`)",
    "colour": "changed colours (`--augment trivialaugment`)",
}


@finding("harmless_flips", order=112)
def harmless_flips(profile: TrustProfile, report: Mapping[str, Any]) -> Iterator[Step]:
    """Yield how many answers some harmless change flips, where that is more than one in twenty."""
    flips = measured(profile, "harmless_any_flip")
    if flips is None or (flips.ci_low or 0.0) <= TOLERATED:
        return
    parts = [m for m in profile.subsets(flips.name) if m.applies and (m.ci_low or 0.0) > TOLERATED]
    parts.sort(key=lambda m: -(m.value or 0.0))
    told = sentence_list([f"{in_sentence(subset_label(m))} {value_of(m)}" for m in parts])
    kinds = [REMEDIES[subset_value(m)] for m in parts if subset_value(m) in REMEDIES]
    augment = sentence_list(list(dict.fromkeys(kinds))) or "such changes (`--augment crop`)"
    moved = any(subset_value(m) in ("shift", "crop") for m in parts)
    smooth = " A backbone with anti-aliased pooling is steadier under shifts." if moved else ""
    yield Step(
        Gravity.NOTABLE,
        f"A change that does not matter flips the answer about {count(hits(flips))} of "
        f"{counted_items(profile, flips.n)} (interval {interval_of(flips)}){f': {told}' if told else ''}.",
        f"Tune with {augment}, or average the answers over a few such changes.{smooth}",
    )
