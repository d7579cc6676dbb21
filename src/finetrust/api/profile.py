"""From evidence to the trust profile in a run folder."""

import datetime
from collections.abc import Mapping
from typing import Any

from finetrust.api.versions import versions
from finetrust.config import EvaluateOptions
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Measure
from finetrust.core.profile import TrustProfile
from finetrust.core.run_folder import RunFolder
from finetrust.tasks.task import Task


def write_profile(
    folder: RunFolder,
    task_name: str,
    task: Task,
    evidence: Evidence,
    measures: tuple[Measure, ...],
    options: EvaluateOptions,
    *,
    model: Mapping[str, Any],
    data: Mapping[str, Any],
    notes: list[str],
    pictures: tuple[Mapping[str, Any], ...] = (),
    context: Mapping[str, Any] | None = None,
) -> None:
    """Write what was measured as ``trust.json``.

    Parameters
    ----------
    folder : RunFolder
    task_name : str
    task : Task
    evidence : Evidence
    measures : tuple of Measure
    options : EvaluateOptions
    model, data : mapping
        Provenance of the model, and name and fingerprint of the data.
    notes : list of str
        What a reader must see.
    pictures : tuple of mapping
    context : mapping, optional
        What else is known of how it was done, e.g. device and seconds.
    """
    TrustProfile(
        task=task_name,
        model=model,
        data={
            "split": evidence.clean.split,
            "n": len(evidence.clean),
            "classes": list(evidence.classes),
            "headlines": dict(task.headlines),
            "inputs": task.kind.plural,
            "counted": task.counted,
            "pipeline": task.pipeline,
            **data,
        },
        measures=measures,
        notes=tuple(notes),
        pictures=pictures,
        context={
            "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "versions": versions(),
            "seed": options.seed,
            "options": options.model_dump(
                mode="json", exclude_defaults=True, exclude={"run", "out"}
            ),
            **(context or {}),
        },
    ).save(folder.profile_file)
