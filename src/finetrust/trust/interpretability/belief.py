"""Whether what a method explains is the network: what the tables of trials say of its maps."""

from collections.abc import Mapping

from finetrust.core.predictions import Predictions
from finetrust.trust.interpretability.choice import STEP as CHOICE
from finetrust.trust.interpretability.randomisation import Answer, verdict_of

SANITY = "sanity"
"""The step whose table holds ``METHOD.weights-K``, the rank correlation of the map with that after stage K
of the cascade, by item; after the last stage all layers are drawn anew."""


def changes_with_weights(
    tables: Mapping[str, Mapping[str, Predictions]], method: str
) -> Answer | None:
    """Return whether the maps of a method change with the weights; None where it was not tried.

    By the items that the model is judged on where they were tried, else by those of the choice.

    Parameters
    ----------
    tables : mapping of str to mapping of str to Predictions
        What the trials found, by trial and step.
    method : str
    """
    steps = {step: table for of in tables.values() for step, table in of.items()}
    for step, prefix in ((SANITY, f"{method}.weights-"), (CHOICE, f"{method}.weights")):
        table = steps.get(step)
        if table is None or not len(table):
            continue
        stages = {
            name.removeprefix(prefix): name for name in table.columns if name.startswith(prefix)
        }
        numbered = [stage for stage in stages if stage.isdigit()]
        last = max(numbered, key=int) if numbered else ""
        if last in stages:
            return verdict_of(table[stages[last]])
    return None
