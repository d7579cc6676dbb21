"""Provenance: when, where and with what the figures were made, and how to make them again."""

from markupsafe import Markup

from finetrust.report.html.section import section
from finetrust.report.html.template import fill
from finetrust.report.names import words
from finetrust.report.numbers import duration
from finetrust.report.report_data import ReportData
from finetrust.report.reproduce import commands
from finetrust.report.trials import trials_of


@section("provenance", order=100, title="Provenance")
def provenance(data: ReportData) -> Markup:
    """Return what the figures were made with."""
    return fill(
        "sections/provenance.html.j2",
        data=data,
        facts=_facts(data),
        trials=trials_of(data.profile) if data.profile else (),
        commands=commands(data),
        config=data.config.splitlines(),
    )


def _facts(data: ReportData) -> list[tuple[str, str]]:
    context = data.profile.context if data.profile else {}
    facts = [("Run folder", data.path)]
    if data.profile:
        judged = data.profile.data
        part = f"{judged.get('split') or 'all'}, {judged.get('n')} {data.inputs}"
        where = f"{context.get('device', 'unknown')}, {context.get('precision', 'unknown')}"
        facts += [
            ("Evaluated", str(context.get("date", "unknown"))),
            ("Evaluation data", f"{judged.get('name')}, {part}"),
            ("Fingerprint of the data", str(judged.get("fingerprint", "unknown"))),
            ("Computed on", where),
            ("Seed", str(context.get("seed", "unknown"))),
        ]
    seconds = {k: s for k, s in context.get("seconds", {}).items() if k != "trials"}
    if seconds:
        told = ", ".join(f"{words(part).lower()} {duration(s)}" for part, s in seconds.items())
        facts.append(("Time of the evaluation", told))
    versions = context.get("versions") or data.record.get("versions", {})
    if versions:
        facts.append(
            ("Versions", ", ".join(f"{name} {number}" for name, number in versions.items()))
        )
    return facts
