"""The data report in plain words: what a reader must know, the gravest first."""

from collections.abc import Iterator, Sequence

from finetrust.core.nearest import did_you_mean
from finetrust.data.data_report import DataReport, Pairs

_IMBALANCE = 10
_NAMES_SHOWN = 5


def warnings_of(report: DataReport) -> list[str]:
    """Return the warnings about a data set, as whole sentences."""
    return [
        *_leaks(report.exact_duplicates, "exact copy", "exact copies"),
        *_leaks(report.near_duplicates, "near copy", "near copies"),
        *_conflicts(report),
        *_unreadable(report),
        *_problems(report),
        *_empty_or_single_classes(report),
        *_classes_in_one_split(report),
        *_missing_validation(report),
        *_names_alike(report.classes),
        *_imbalance(report),
        *_copies_within(report.exact_duplicates, "exact copy", "exact copies"),
        *_copies_within(report.near_duplicates, "near copy", "near copies"),
        *(f"{note}." for note in report.notes),
    ]


def _leaks(found: Pairs, one: str, many: str) -> Iterator[str]:
    n = found.across_splits
    if n:
        id_a, split_a, id_b, split_b = found.pairs[0]
        yield (
            f"{_count(n, one, many)} across splits, for example {id_a} ({split_a}) and {id_b} "
            f"({split_b}): figures on copies of what was trained on are too good. Remove them from "
            "one of the splits."
        )


def _conflicts(report: DataReport) -> Iterator[str]:
    n = len(report.conflicting_labels)
    if n:
        id_a, label_a, id_b, label_b = report.conflicting_labels[0]
        yield (
            f"{_count(n, 'pair', 'pairs')} of copies with contradictory labels, for example {id_a} "
            f"({label_a}) and {id_b} ({label_b}): at least one of the labels is wrong."
        )


def _unreadable(report: DataReport) -> Iterator[str]:
    n = len(report.unreadable)
    if n:
        first, reason = report.unreadable[0]
        yield (
            f"{n} of {n + report.n} {report.inputs} cannot be used and "
            f"{'is' if n == 1 else 'are'} left out, for example {first} ({reason})."
        )


def _problems(report: DataReport) -> Iterator[str]:
    n = len(report.problems)
    if n:
        first, problem = report.problems[0]
        yield f"{_count(n, 'problem', 'problems')} with the labels, for example {first}: {problem}."


def _empty_or_single_classes(report: DataReport) -> Iterator[str]:
    if report.empty_classes:
        yield (
            f"No {report.counted} in {_classes(report.empty_classes)}: it cannot be learned or "
            "judged."
        )
    if report.single_item_classes:
        yield f"Only one of the {report.counted} in {_classes(report.single_item_classes)}: too few."


def _classes_in_one_split(report: DataReport) -> Iterator[str]:
    if "train" not in report.counts:
        return
    trained = report.counts["train"]
    for split, counts in report.counts.items():
        pairs = list(zip(report.classes, trained, counts, strict=True))
        absent = [name for name, there, here in pairs if there and not here]
        unknown = [name for name, there, here in pairs if here and not there]
        if unknown:
            yield (
                f"In {split} but not in train: {_classes(unknown)}. It cannot be learned. "
                f"{did_you_mean(unknown[0], absent)}"
            ).strip()
        elif absent and sum(counts):
            yield f"In train but not in {split}: {_classes(absent)}. It cannot be judged there."


def _missing_validation(report: DataReport) -> Iterator[str]:
    if "train" in report.counts and not report.items.get("val"):
        yield "There is no validation split: no best epoch is chosen and nothing is calibrated."


def _names_alike(classes: Sequence[str]) -> Iterator[str]:
    seen: dict[str, str] = {}
    for name in classes:
        plain = name.strip().lower().replace("_", " ").replace("-", " ")
        if plain in seen:
            yield f"Classes '{seen[plain]}' and '{name}' differ in spelling only: the same?"
        seen[plain] = name


def _imbalance(report: DataReport) -> Iterator[str]:
    counts = report.counts.get("train")
    if not counts:
        return
    present = [
        (n, name)
        for n, name in zip(counts, report.classes, strict=True)
        if n and name not in report.background
    ]
    if not present:
        return
    (fewest, rare), (most, common) = min(present), max(present)
    if most >= _IMBALANCE * fewest:
        hint = ", and consider --class-weights balanced" if report.balances else ""
        yield (
            f"Class '{common}' has {most} training {report.counted}, '{rare}' only {fewest}. Look at "
            f"the figures per class{hint}."
        )


def _copies_within(found: Pairs, one: str, many: str) -> Iterator[str]:
    n = found.n_pairs - found.across_splits
    if n:
        id_a, _, id_b, _ = found.pairs[-1]
        yield f"{_count(n, one, many)} within a split, for example {id_a} and {id_b}."


def _count(n: int, one: str, many: str) -> str:
    return f"{n} {one if n == 1 else many}"


def _classes(names: Sequence[str]) -> str:
    listed = ", ".join(f"'{name}'" for name in names[:_NAMES_SHOWN])
    more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
    return f"{'class' if len(names) == 1 else 'classes'} {listed}{more}"
