"""What is said of a search and of its trials, in the terminal and on its page."""

from collections.abc import Mapping
from typing import Any

from finetrust.report.numbers import counted, learning_rate
from finetrust.tuning.search.objective import Objective
from finetrust.tuning.search.search import Search

CAPTION = (
    "Every figure is of validation data, with its 95 % interval for one trial. Of many trials the best "
    "looks better than it is: what the chosen one is worth is said by test data, once."
)


def told(options: Mapping[str, Any]) -> str:
    """Return the options of a trial on one line, the strategy first."""
    return ", ".join([str(options["strategy"]), *settings(options)])


def settings(options: Mapping[str, Any]) -> list[str]:
    """Return the options of a trial beside its strategy, each with its value."""
    return [
        f"{name.replace('_', ' ')} {learning_rate(v) if isinstance(v, float) else v}"
        for name, v in options.items()
        if name != "strategy"
    ]


def wanted(objective: Objective) -> str:
    """Return what an objective wants: ``Accuracy (as high as possible)``."""
    extreme = "high" if objective.direction == "maximize" else "low"
    return f"{objective.title} (as {extreme} as possible)"


def summary(search: Search) -> str:
    """Return how many trials there were, and what came of them."""
    counts = {
        state: sum(trial.state == state for trial in search.trials)
        for state in ("finished", "stopped", "failed", "running")
    }
    begun = sum(counts.values())
    parts = [counted(counts["finished"], "was judged", "were judged")]
    told_of = {
        "stopped": "stopped early by the learning curve",
        "failed": "failed",
        "running": "under way",
    }
    parts += [f"{counts[state]} {words}" for state, words in told_of.items() if counts[state]]
    refused = sum(trial.state == "refused" for trial in search.trials)
    left = (
        f" {counted(refused, 'combination', 'combinations')} made no sense or came twice."
        if refused
        else ""
    )
    return f"{counted(begun, 'trial', 'trials')}: {', '.join(parts)}.{left}"


def how_to_take(search: Search) -> str:
    """Return the command that trains the best point and judges it on test data."""
    return f"finetrust search --out {search.path} --take {search.best().number} --final runs/best"
