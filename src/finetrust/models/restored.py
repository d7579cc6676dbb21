"""An untrained network again, from what was saved of its structure: one network, or an average."""

from collections.abc import Mapping
from typing import Any

from torch import nn

from finetrust.models.ensemble import Average, ensemble_of
from finetrust.models.ensemble_dropout import Sites, sampled_passes
from finetrust.models.head import copied
from finetrust.models.network import Network
from finetrust.models.preprocessor import Preprocessor
from finetrust.tasks.task import Task


def restored(
    task: Task, module: nn.Module, recipe: Mapping[str, Any], preprocessing: Preprocessor
) -> Network:
    """Return the network whose structure `recipe` tells.

    Parameters
    ----------
    task : Task
    module : nn.Module
        The architecture; of an ensemble the list of those of its members, or one that all of them have.
    recipe : mapping
        Of :class:`~finetrust.models.network.Network`.
    preprocessing : Preprocessor
    """
    if "members" in recipe:
        of_members = recipe["members"]
        modules = (
            list(module)
            if isinstance(module, nn.ModuleList)
            else [copied(module) for _ in of_members]
        )
        members = [
            task.restore(one, of, preprocessing)
            for one, of in zip(modules, of_members, strict=True)
        ]
        return ensemble_of(members, _average(task))
    if "dropout" in recipe:
        how = dict(recipe["dropout"])
        network = task.restore(module, recipe["of"], preprocessing)
        return sampled_passes(network, Sites.from_dict(how), how["passes"], _average(task))
    return task.restore(module, recipe, preprocessing)


def is_average(network: Network) -> bool:
    """Return whether the network answers with the average of several."""
    return "members" in network.recipe or "dropout" in network.recipe


def _average(task: Task) -> Average:
    assert task.average is not None, "it was one when the network was made"
    return task.average
