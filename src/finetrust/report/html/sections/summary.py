"""Summary: what the figures say, for a reader who knows no machine learning."""

from collections.abc import Mapping

from markupsafe import Markup

from finetrust.core.measure import Measure
from finetrust.report.html.section import section
from finetrust.report.html.template import fill
from finetrust.report.judged import headline_of
from finetrust.report.names import words
from finetrust.report.next_steps import NOTHING_FOUND, next_steps
from finetrust.report.numbers import frequency_range, number, percent
from finetrust.report.plots.icon_array import icon_array
from finetrust.report.report_data import ReportData
from finetrust.report.reproduce import evaluation_command
from finetrust.report.verdicts import verdicts
from finetrust.report.verdicts.accuracy import baseline_sentence, headline
from finetrust.report.verdicts.cautions import cautions
from finetrust.report.verdicts.comparison import comparison_sentence


@section("summary", order=10, title="Summary")
def summary(data: ReportData) -> Markup:
    """Return the verdicts on the axes, and what to do next."""
    profile = data.profile
    if profile is None:
        return fill(
            "sections/not_evaluated.html.j2",
            command=evaluation_command(data),
            validation=_validation(data.record.get("validation", {})),
        )
    main = headline_of(profile, "accuracy")
    compared = [
        comparison_sentence(profile, other.profile, other.name)
        for other in data.beside
        if other.profile is not None
    ]
    return fill(
        "sections/summary.html.j2",
        lead=headline(profile),
        baseline=baseline_sentence(profile),
        icons=_icons(main) if main is not None and main.share and main.applies else None,
        compared=[sentence for sentence in compared if sentence],
        verdicts=verdicts(profile, data.data_report),
        steps=next_steps(profile, data.data_report),
        nothing_found=NOTHING_FOUND,
        cautions=cautions(profile),
    )


def _icons(main: Measure) -> Markup:
    low, high = main.ci_low or 0.0, 1.0 if main.ci_high is None else main.ci_high
    return icon_array(low, high, title=f"Right in between {frequency_range(low, high)} cases")


def _validation(figures: Mapping[str, float]) -> list[tuple[str, str]]:
    return [
        (words(name), percent(value) if name != "loss" and 0 <= value <= 1 else number(value))
        for name, value in figures.items()
    ]
