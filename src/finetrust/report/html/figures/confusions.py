"""What is confused with what: the matrix as a map, or the most frequent pairs of many classes."""

from collections.abc import Iterator, Sequence

from markupsafe import Markup

from finetrust.core.measure import Measure
from finetrust.report.details import is_confusion
from finetrust.report.html.confusion import confused_pairs, confusion_map, needs_percents
from finetrust.report.html.figure import Figure, figure
from finetrust.report.html.template import fill
from finetrust.report.report_data import ReportData

LARGEST_MAP = 25


@figure("confusions", order=20)
def confusions(measures: Sequence[Measure], data: ReportData) -> Iterator[Figure]:
    """Yield the confusions of each measure that holds them."""
    for measure in measures:
        if is_confusion(measure.details):
            yield _figure(measure)


def _figure(measure: Measure) -> Figure:
    classes, counts = measure.details["classes"], measure.details["confusion"]
    counted = str(measure.details.get("counted", "items"))
    small = len(classes) <= LARGEST_MAP
    content = fill(
        "figures/confusions.html.j2",
        map=confusion_map(classes, counts, counted) if small else None,
        pairs=[] if small else confused_pairs(classes, counts),
        n_classes=len(classes),
        counted=counted,
        no_answer=measure.details.get("no_answer", 0),
    )
    return Figure("What is confused with what", _about(counted, counts) if small else "", content)


def _about(counted: str, counts: Sequence[Sequence[int]]) -> Markup:
    return fill(
        "figures/confusions_about.html.j2", counted=counted, in_percent=needs_percents(counts)
    )
