"""Gates as a table for pull requests."""

from finetrust.gates.gate import GatesResult
from finetrust.gates.table import figures_of, headline
from finetrust.report.markdown import escaped, table
from finetrust.report.numbers import SPACE

_MARKS = {"passed": "✅", "failed": "❌", "not shown": "❓", "not applicable": "❌"}


def gates_markdown(result: GatesResult) -> str:
    """Return heading, table and what is to be said of the gates that did not pass."""
    rows = []
    for outcome in result.outcomes:
        value, between, n = figures_of(outcome)
        mark = f"{_MARKS[outcome.status]} {outcome.status}"
        rows.append([mark, outcome.key, outcome.required, value, between, n])
    head = ["outcome", "measure", "required", "measured", f"95{SPACE}% interval", "n"]
    lines = [f"## {escaped(headline(result))}", "", escaped(f"{result.run} on {result.data}"), ""]
    lines += [table(head, rows), ""]
    for outcome in result.missed:
        why = f" Required because: {outcome.reason}" if outcome.reason else ""
        lines.append(f"- **{escaped(outcome.key)}** {escaped(outcome.said + why)}")
    return "\n".join(lines).rstrip() + "\n"
