"""Reliability diagrams: how often answers of a given confidence are right."""

from collections.abc import Iterator, Sequence

from markupsafe import Markup

from finetrust.core.measure import Measure
from finetrust.report.details import diagrams_of
from finetrust.report.html.figure import Figure, figure, side_by_side
from finetrust.report.plots.reliability_diagram import reliability_diagram
from finetrust.report.report_data import ReportData

ABOUT = (
    "Answers are grouped by how confident the model was. On the diagonal, confidence and truth agree; "
    "dots below it are answers that were surer than right. Large dots hold many answers, and small "
    "ones are uncertain."
)


@figure("reliability", order=10)
def reliability(measures: Sequence[Measure], data: ReportData) -> Iterator[Figure]:
    """Yield the diagrams of each measure for every reader that holds bins of confidence."""
    found = [m for m in measures if not (m.subset or m.secondary) and diagrams_of(m)]
    for measure in found:
        title = "Can its confidence be believed?"
        yield Figure(
            f"{title} {measure.title}" if len(found) > 1 else title,
            f"{ABOUT}{_temperature(measure)}" if measure is found[0] else "",
            side_by_side(_drawn(measure)),
        )


def _drawn(measure: Measure) -> list[tuple[str, Markup]]:
    return [
        (name, reliability_diagram(bins, title=f"Reliability diagram: {name}"))
        for name, bins in diagrams_of(measure).items()
    ]


def _temperature(measure: Measure) -> str:
    temperature = measure.details.get("temperature")
    if not isinstance(temperature, float):
        return ""
    return (
        f" Calibration divides the scores by a temperature of {temperature:.2f}, fitted on validation "
        "data; it changes the confidence and never the answer."
    )
