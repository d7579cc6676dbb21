"""Gates: which requirements the model was shown to meet."""

from markupsafe import Markup

from finetrust.gates.table import figures_of, headline
from finetrust.report.html.section import section
from finetrust.report.html.template import fill
from finetrust.report.report_data import ReportData


@section("gates", order=15, title="Gates")
def gates(data: ReportData) -> Markup | None:
    """Return the requirements and what came of each; None where there were none."""
    if data.gates is None:
        return None
    return fill(
        "sections/gates.html.j2",
        headline=headline(data.gates),
        rows=[(outcome, figures_of(outcome)) for outcome in data.gates.outcomes],
    )
