"""What stands for each class among the training items, and what is unlike that: drawn or quoted."""

import shutil
from collections.abc import Mapping
from typing import Any

from finetrust.core.atomic import replacing_folder
from finetrust.trust.interpretability.examples.shown_examples import prototypes_of
from finetrust.trust.interpretability.explanation import Decisions, explanations
from finetrust.trust.interpretability.shown_training import ShownTraining

MOST_CLASSES = 12


@explanations.register("representatives")
def show_representatives(decisions: Decisions) -> tuple[Mapping[str, Any], ...]:
    """Return the prototypes and the criticisms of the classes that a trial found; the first 12 classes.

    Returns
    -------
    tuple of mapping
        One a class, as in :mod:`finetrust.trust.interpretability.explanation`; none where pictures are
        not asked for, or the trial was not held.
    """
    tables = {} if decisions.bench is None else decisions.bench.found.get("examples", {})
    found = dict(sorted(prototypes_of(tables).items())[:MOST_CLASSES]) if decisions.count else {}
    if not found:
        shutil.rmtree(decisions.folder, ignore_errors=True)
        return ()
    with replacing_folder(decisions.folder) as temporary:
        training = ShownTraining(decisions, temporary)
        return tuple(
            {
                "id": decisions.classes[label],
                "kind": "class",
                "caption": decisions.classes[label],
                "prototypes": [training.shown(item, label) for item in of.prototypes],
                "criticisms": [training.shown(item, label) for item in of.criticisms],
            }
            for label, of in found.items()
        )
