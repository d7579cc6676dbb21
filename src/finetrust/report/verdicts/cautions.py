"""What a reader should be careful about, read off the figures themselves."""

from collections.abc import Iterator, Mapping
from typing import Any

from finetrust.core.profile import TrustProfile
from finetrust.report.judged import counted_items, headline_of, noun_of, singular
from finetrust.report.names import in_sentence, plural, subset_kind, subset_value
from finetrust.report.numbers import count, counted, hits, points, sentence_list
from finetrust.report.verdicts.measured import measured
from finetrust.report.verdicts.parts import class_parts

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
        f"times and kinds of {noun_of(profile.data)} were not tried.",
    ]


def _few_items(profile: TrustProfile) -> Iterator[str]:
    main = headline_of(profile, "accuracy")
    if main is None or main.ci_low is None or main.ci_high is None or main.unit != "%":
        return
    width = main.ci_high - main.ci_low
    if width > WIDE:
        needed = main.n * (width / WIDE) ** 2
        verb = "is" if main.n == 1 else "are"
        yield (
            f"{counted_items(profile, main.n)} {verb} few: the interval of the "
            f"{in_sentence(main.title)} is {points(width)} wide. About "
            f"{counted_items(profile, _rounded(needed))} would narrow it to {_whole(WIDE)}."
        )


def _seen_before(profile: TrustProfile) -> Iterator[str]:
    overlap = measured(profile, "train_overlap")
    if overlap is not None and hits(overlap):
        seen, noun = hits(overlap), noun_of(profile.data)
        told = f"{count(seen)} evaluation {noun} were"
        if seen == 1:
            told = f"1 evaluation {singular(noun)} was"
        yield (
            f"{told} also in the training data, as a copy or nearly so. Remove such copies from "
            "one of the two and evaluate again."
        )


def _classes_without_items(profile: TrustProfile) -> Iterator[str]:
    seen = {subset_value(part) for part in class_parts(profile) if subset_kind(part) == "class"}
    if not seen:
        return
    absent = [f"“{name}”" for name in profile.data.get("classes", ()) if name not in seen]
    if absent:
        noun = counted(len(absent), "class has", "classes have")
        yield (
            f"{noun} no evaluation {noun_of(profile.data)}, so that nothing is known about "
            f"{'it' if len(absent) == 1 else 'them'}: {sentence_list(absent)}."
        )


def _small_classes(profile: TrustProfile) -> Iterator[str]:
    parts = [m for m in class_parts(profile) if m.unit == "%"]
    wide = [m for m in parts if (m.ci_high or 0) - (m.ci_low or 0) > 3 * WIDE]
    if wide:
        kind = subset_kind(wide[0])
        fewest = min(m.n for m in wide)
        told = counted(len(wide), f"{kind} rest", f"{plural(kind)} rest")
        yield (
            f"The figures of {told} on so few {noun_of(profile.data)} (down to {count(fewest)}) that "
            f"their intervals are more than {_whole(3 * WIDE)} wide: do not rank {plural(kind)} by "
            "them."
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
