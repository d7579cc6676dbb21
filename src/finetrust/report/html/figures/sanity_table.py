"""The sanity table: every method of explanation beside the tests that it must pass to be believed."""

from collections.abc import Iterator, Sequence

from finetrust.core.measure import Measure
from finetrust.report.html.figure import Figure, figure
from finetrust.report.html.template import fill
from finetrust.report.report_data import ReportData
from finetrust.trust.interpretability.sanity.sanity_table import sanity_table

COLUMNS = {
    "weights": (
        "Changes with the weights",
        "The share of the items whose explanation becomes another when all weights are drawn anew. It should "
        "be high; a method of which most stay the same is not to be believed.",
    ),
    "labels": (
        "Changes with the labels",
        "The same when the last layer has learned labels in a random order.",
    ),
    "stability": (
        "Stable",
        "How well it keeps the order of places or words under changes that leave what the input shows: 1 "
        "is the same explanation, 0 another one altogether.",
    ),
    "sensitivity": (
        "Sensitivity",
        "How far it moves under changes that nobody minds: 0 is not at all, 1 by as much as it is large.",
    ),
    "completeness": (
        "Completeness error",
        "What its parts miss of the difference that they should add up to, by the methods that "
        "promise it; 0 is best.",
    ),
}
FAITHFULNESS = (
    "Faithfulness",
    "How much more the answer gains from what is marked, put back first, than it keeps when that is taken "
    "away first (insertion less deletion area, on validation data). More is better; the method "
    "used is the most faithful among those to be believed.",
)


@figure("sanity_table", order=180)
def sanity_table_figure(measures: Sequence[Measure], data: ReportData) -> Iterator[Figure]:
    """Yield the table among the measures of whether explanations are to be believed."""
    if data.profile is None or not any(m.topic == "believed" for m in measures):
        return
    rows = sanity_table(data.profile.measures)
    if not rows:
        return
    shown = {
        name: told for name, told in COLUMNS.items() if any(getattr(row, name) for row in rows)
    }
    has_gains = any(row.gain is not None for row in rows)
    yield Figure(
        "Every method put to the test",
        "An explanation always looks like something. It explains the network only if it is another one when "
        "the network is another one: a method that fails this is not to be believed, however convincing it "
        "looks. The method used in this report stands first.",
        fill(
            "figures/sanity_table.html.j2",
            columns=[title for title, _ in shown.values()],
            rows=[(row, [getattr(row, name) for name in shown]) for row in rows],
            has_gains=has_gains,
            meanings=[*([FAITHFULNESS] if has_gains else []), *shown.values()],
        ),
    )
