"""What is said about a comparison, in the terminal and in files."""

from collections.abc import Iterable, Iterator
from itertools import groupby

from finetrust.core.comparison import LEVEL, Comparison, Difference, Flips
from finetrust.report.numbers import SPACE, count, counted

P_TITLE = "corrected p"


def p_text(p: float) -> str:
    """Return a p-value with as many digits as say something."""
    if p < 0.001:
        return "<0.001"
    return f"{p:.3f}" if p < 0.1 else f"{p:.2f}"


def verdict(difference: Difference) -> str:
    """Return what is shown of a difference, in a word."""
    return "no difference shown" if difference.verdict == "not shown" else difference.verdict


def flipped(flips: Flips) -> str:
    """Return how many items flipped, as a sentence."""
    items = counted(flips.n, "item", "items")
    return (
        f"Of {items}, {count(flips.n_lost)} went from right to wrong and {count(flips.n_gained)} "
        "from wrong to right."
    )


def caption(comparison: Comparison) -> str:
    """Return how the figures are to be read."""
    m = len(comparison.differences)
    said = (
        f"Differences are run minus reference; p-values are corrected for all {count(m)} differences "
        f"that were tested (Holm), and up to {LEVEL:g} a difference is called one. Differences of shares are "
        "in percentage points."
    )
    if comparison.paired and not all(d.paired for d in comparison.differences):
        said += (
            f" * The 95{SPACE}% interval could not be computed item by item and is wider than it "
            "need be."
        )
    return said


def parts_first(
    differences: Iterable[Difference],
) -> Iterator[tuple[list[Difference], list[Difference]]]:
    """Yield for each measure its differences over all items, and those on parts of the data."""
    for _, same in groupby(differences, key=lambda d: d.name):
        members = list(same)
        yield [d for d in members if not d.subset], [d for d in members if d.subset]


def overall(differences: Iterable[Difference]) -> str:
    """Return what is shown of a run as a whole, as a sentence."""
    main = [d for d in differences if not d.subset]
    better, worse = ([d.title for d in main if d.verdict == word] for word in ("better", "worse"))
    if not better and not worse:
        return "No difference is shown."
    parts = [
        f"{word} in {counted(len(titles), 'measure', 'measures')}"
        for word, titles in (("better", better), ("worse", worse))
        if titles
    ]
    return f"Shown to be {' and '.join(parts)}."
