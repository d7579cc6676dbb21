"""What a reader should be careful about, read off the figures themselves."""

from collections.abc import Iterator, Mapping
from typing import Any

from finetrust.core.profile import TrustProfile
from finetrust.report.names import subset_value
from finetrust.report.numbers import count, counted, hits, points, sentence_list
from finetrust.report.verdicts.measured import measured

WIDE = 0.10


def cautions(profile: TrustProfile, data_report: Mapping[str, Any] | None = None) -> list[str]:
    """Return sentences on what limits the figures of a profile.

    Parameters
    ----------
    profile : TrustProfile
    data_report : mapping, optional
        The data report of the run, as JSON values.
    """
    return [
        *_few_items(profile),
        *_seen_before(profile),
        *_classes_without_items(profile),
        *_small_classes(profile),
        *_no_answers(profile),
        *_across_splits(data_report or {}),
        f"All figures hold for data like “{profile.data.get('name', 'these')}”. Other sources, "
        "cameras, times and classes were not tried.",
    ]


def _few_items(profile: TrustProfile) -> Iterator[str]:
    accuracy = measured(profile, "accuracy")
    if accuracy is None or accuracy.ci_low is None or accuracy.ci_high is None:
        return
    width = accuracy.ci_high - accuracy.ci_low
    if width > WIDE:
        needed = accuracy.n * (width / WIDE) ** 2
        yield (
            f"{count(accuracy.n)} items are few: the interval of the accuracy is {points(width)} "
            f"wide. About {count(_rounded(needed))} items would narrow it to {_whole(WIDE)}."
        )


def _seen_before(profile: TrustProfile) -> Iterator[str]:
    overlap = measured(profile, "train_overlap")
    if overlap is not None and hits(overlap):
        seen = counted(hits(overlap), "evaluation item was", "evaluation items were")
        yield (
            f"{seen} also in the training data, as a copy or nearly so. Remove such copies from "
            "one of the two and evaluate again."
        )


def _classes_without_items(profile: TrustProfile) -> Iterator[str]:
    recalls = profile.subsets("recall")
    if not recalls:
        return
    seen = {subset_value(measure) for measure in recalls}
    absent = [f"“{name}”" for name in profile.data.get("classes", ()) if name not in seen]
    if absent:
        noun = counted(len(absent), "class has", "classes have")
        yield (
            f"{noun} no evaluation items, so that nothing is known about "
            f"{'it' if len(absent) == 1 else 'them'}: {sentence_list(absent)}."
        )


def _small_classes(profile: TrustProfile) -> Iterator[str]:
    wide = [m for m in profile.subsets("recall") if (m.ci_high or 0) - (m.ci_low or 0) > 3 * WIDE]
    if wide:
        fewest = min(m.n for m in wide)
        noun = counted(len(wide), "class rest", "classes rest")
        yield (
            f"The figures of {noun} on so few items (down to {count(fewest)}) that "
            f"their intervals are more than {_whole(3 * WIDE)} wide: do not rank classes by them."
        )


def _no_answers(profile: TrustProfile) -> Iterator[str]:
    missing = measured(profile, "non_finite_outputs")
    if missing is not None and hits(missing):
        yield (
            f"For {count(hits(missing))} of {count(missing.n)} untouched items the model returned "
            "no finite answer. They count as wrong."
        )


def _across_splits(data_report: Mapping[str, Any]) -> Iterator[str]:
    pairs = sum(
        int((data_report.get(kind) or {}).get("across_splits") or 0)
        for kind in ("exact_duplicates", "near_duplicates")
    )
    if pairs:
        noun = counted(pairs, "pair of copies lies", "pairs of copies lie")
        yield f"{noun} in two different splits of the data the model was tuned on."


def _whole(share: float) -> str:
    return f"{share * 100:.0f} points"


def _rounded(n: float) -> int:
    """Return `n` with two digits, as befits an estimate."""
    digits = len(str(round(n)))
    return int(round(n, min(0, 2 - digits)))
