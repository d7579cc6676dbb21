"""Summary: what the figures say, for a reader who knows no machine learning."""

from markupsafe import Markup

from finetrust.report.html.section import section
from finetrust.report.html.template import fill
from finetrust.report.numbers import frequency_range
from finetrust.report.plots.icon_array import icon_array
from finetrust.report.report_data import ReportData
from finetrust.report.reproduce import evaluation_command
from finetrust.report.verdicts import verdicts
from finetrust.report.verdicts.accuracy import headline
from finetrust.report.verdicts.cautions import cautions
from finetrust.report.verdicts.comparison import comparison_sentence
from finetrust.report.verdicts.measured import measured


@section("summary", order=10, title="Summary")
def summary(data: ReportData) -> Markup:
    """Return the verdicts on the axes, and what to be careful about."""
    profile = data.profile
    if profile is None:
        validation = data.record.get("validation", {})
        command = evaluation_command(data)
        return fill("sections/not_evaluated.html.j2", command=command, validation=validation)
    accuracy = measured(profile, "accuracy")
    compared = [
        comparison_sentence(profile, other.profile, other.name)
        for other in data.beside
        if other.profile is not None
    ]
    return fill(
        "sections/summary.html.j2",
        lead=headline(accuracy) if accuracy else None,
        icons=_icons(accuracy.ci_low or 0.0, accuracy.ci_high or 1.0) if accuracy else None,
        compared=[sentence for sentence in compared if sentence],
        verdicts=verdicts(profile, data.data_report),
        cautions=cautions(profile, data.data_report),
    )


def _icons(low: float, high: float) -> Markup:
    return icon_array(low, high, title=f"Right in between {frequency_range(low, high)} cases")
