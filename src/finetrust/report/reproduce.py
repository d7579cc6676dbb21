"""The command lines that make a run and its evaluation again."""

import shlex

from finetrust.report.report_data import ReportData


def evaluation_command(data: ReportData) -> str:
    """Return the command that evaluates a run for the first time."""
    return f"finetrust evaluate {shlex.quote(data.path)}"


def commands(data: ReportData) -> list[str]:
    """Return the commands, one a line, with every name quoted for a shell."""
    config = shlex.quote(f"{data.path.rstrip('/')}/config.yaml")
    if not data.tuned:
        return [f"finetrust evaluate --config {config} --out NEW_FOLDER"] if data.config else []
    again = f"finetrust tune --config {config} --out NEW_FOLDER"
    if data.profile is None:
        return [again]
    judged, seed = data.profile.data, data.profile.context.get("seed", 0)
    options = []
    if judged.get("name") != data.record.get("data", {}).get("name"):
        options.append(f"--data {shlex.quote(str(judged.get('name')))}")
    if judged.get("split") not in (None, "", "test"):
        options.append(f"--split {shlex.quote(str(judged['split']))}")
    if seed:
        options.append(f"--seed {seed}")
    return [again, " ".join(["finetrust evaluate NEW_FOLDER", *options])]
