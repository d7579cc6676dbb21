"""The trial of common corruptions: one step for each type and severity."""

from collections.abc import Sequence
from functools import partial

from finetrust.config import EvaluateOptions
from finetrust.core.errors import NotApplicable, UserError
from finetrust.tasks.task import Task
from finetrust.trust.stability.perturbers.perturber import Perturber, perturbers
from finetrust.trust.trials.bench import Bench
from finetrust.trust.trials.effort import EffortName
from finetrust.trust.trials.trial import Step, trials


class CommonCorruptions:
    """Everyday damage to inputs: noise, blur, weather, compression; typos and casing in texts."""

    title = "Common corruptions"
    efforts: tuple[EffortName, ...] = ("quick", "standard", "full")
    after: tuple[str, ...] = ()

    def check(self, options: EvaluateOptions, task: Task) -> None:
        chosen_corruptions(options, perturbers.get(task.kind.name))

    def plan(self, bench: Bench) -> Sequence[Step]:
        perturber = perturbers.get(bench.task.kind.name)
        names, severities = chosen_corruptions(bench.options, perturber)
        if not names:
            raise NotApplicable("no corruption was asked for")
        rows = bench.sample()
        return [
            Step(
                f"{name}-{severity}",
                partial(perturber.predictions, bench, rows, name, severity),
                forward=len(rows),
            )
            for name in names
            for severity in severities
        ]


def chosen_corruptions(
    options: EvaluateOptions, perturber: Perturber
) -> tuple[list[str], list[int]]:
    """Return the corruptions to apply and their severities; an unknown one is an error."""
    given = options.corruptions
    chosen = perturber.names(options.effort) if given is None else given
    names = [name for name in chosen if name != "none"]
    perturber.check(names)
    severities = options.severities or perturber.default_severities(options.effort)
    unknown = [severity for severity in severities if severity not in perturber.severities]
    if unknown:
        known = ", ".join(map(str, perturber.severities))
        raise UserError(
            f"option 'severities': there is no severity {unknown[0]} of these inputs",
            f"Choose among {known}.",
        )
    return names, list(severities)


trials.add("corruptions", CommonCorruptions())
