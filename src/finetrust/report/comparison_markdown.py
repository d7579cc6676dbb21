"""A comparison as a Markdown page."""

from collections.abc import Iterator

from finetrust.core.comparison import SHOWN_FLIPS, Comparison, Difference
from finetrust.report.comparison_words import P_TITLE, caption, flipped, overall, p_text, verdict
from finetrust.report.markdown import escaped, table
from finetrust.report.numbers import SPACE, count, quantity
from finetrust.report.signed import signed, signed_interval

_HEAD = [
    "measure", "part", "reference", "run", "difference", f"95{SPACE}% interval", P_TITLE, "",
]  # fmt: skip


def comparison_markdown(comparison: Comparison) -> str:
    """Return the page: a section a run with all measures, its parts, and the items that flipped."""
    return "\n".join(_lines(comparison)).rstrip() + "\n"


def _lines(comparison: Comparison) -> Iterator[str]:
    data = comparison.data
    yield f"# Comparison with {escaped(comparison.reference)}"
    yield ""
    judged = f"{data.get('name')}, {data.get('split') or 'test'} split, {count(data.get('n') or 0)}"
    yield escaped(f"On {judged} {data.get('inputs') or 'items'}.")
    yield ""
    yield escaped(caption(comparison))
    yield ""
    for note in comparison.notes:
        yield f"- {escaped(note)}"
    for run in comparison.runs:
        differences = comparison.of(run)
        yield ""
        yield f"## {escaped(run)}"
        yield ""
        yield overall(differences)
        yield ""
        yield table(_HEAD, [_row(d) for d in differences if not d.subset])
        yield from _flips(comparison, run)
        parts = [d for d in differences if d.subset]
        if parts:
            yield ""
            yield "### Parts of the data"
            yield ""
            yield table(_HEAD, [_row(d) for d in parts])
        missing = comparison.missing.get(run)
        if missing:
            yield ""
            yield escaped(f"Measured in one of the two only: {', '.join(missing)}.")


def _flips(comparison: Comparison, run: str) -> Iterator[str]:
    for flips in comparison.flips:
        if flips.run == run:
            yield ""
            yield "### Items that flipped"
            yield ""
            yield flipped(flips)
            yield ""
            for name, ids in (("right to wrong", flips.lost), ("wrong to right", flips.won)):
                if ids:
                    more = len(ids) - SHOWN_FLIPS
                    rest = f", and {count(more)} more" if more > 0 else ""
                    yield f"- {name}: {', '.join(map(escaped, ids[:SHOWN_FLIPS]))}{rest}"


def _row(difference: Difference) -> list[str]:
    unit = difference.unit
    between = signed_interval(difference.ci_low, difference.ci_high, unit)
    return [
        difference.title,
        difference.subset,
        quantity(difference.reference, unit),
        quantity(difference.value, unit),
        signed(difference.difference, unit),
        between if difference.paired else f"{between} *",
        p_text(difference.adjusted_p),
        verdict(difference),
    ]
