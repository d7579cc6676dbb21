"""Explanations: what shows single decisions with what spoke for them; one file per way to show."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finetrust.core.predictions import Predictions
from finetrust.core.registry import Registry
from finetrust.data.dataset import Dataset
from finetrust.models.network import Network
from finetrust.trust.trials.bench import Bench


@dataclass(frozen=True)
class Decisions:
    """What explanations are made of.

    Parameters
    ----------
    network : Network
    dataset : Dataset
    predictions : Predictions
        On the untouched items of `dataset`, in their order.
    classes : sequence of str
    calibration : mapping
        What was fitted on validation data.
    count : int
        How many cases of each kind to show at most.
    seed : int
    folder : Path
        Where pictures are written; replaced whole, not there while it is written.
    bench : Bench, optional
        With the tables of the trials that were held, and the training items where they are known.
    """

    network: Network
    dataset: Dataset
    predictions: Predictions
    classes: Sequence[str]
    calibration: Mapping[str, Any]
    count: int
    seed: int
    folder: Path
    bench: Bench | None = None


Explain = Callable[[Decisions], tuple[Mapping[str, Any], ...]]
"""From decisions to pictures; raises NotApplicable where the network has none to give.

A picture is a mapping with ``id``, ``kind`` (for example ``"confident error"``) and ``caption`` (one
plain sentence), and either ``file`` and ``overlay`` (names inside the folder) or ``tokens`` (pairs of
text and weight in [-1, 1], positive where it spoke for the answer). It may have, in JSON values:

- ``target``, ``predicted``, ``confidence``: the label, the answer, and the probability that goes with it;
- ``method``: the registered name of the attribution method, ``method_title`` what a reader knows it as,
  ``signed`` whether the picture also shows what speaks against the answer;
- ``told``: further plain sentences on what the picture shows;
- ``warning``: one sentence on why the explanation is not to be believed;
- ``neighbours``: the training items that the model finds most similar, the nearest first;
  ``other_class``: the nearest one of another class than the answer; ``helpful``: that which taught the
  answer most;
- ``prototypes``, ``criticisms``: instead of a decision, training items that stand for a class (``id``) and
  such as are unlike those. All these are lists of mappings with ``id``, ``label`` (the name of the class)
  and, where it is shown, ``file`` or ``text``;
- ``wide``: whether it needs the whole width of a page.
"""

explanations: Registry[Explain] = Registry("explanation", "finetrust.trust.interpretability")

_LISTS = ("neighbours", "other_class", "helpful", "prototypes", "criticisms")


def placed(picture: Mapping[str, Any], folder: str) -> dict[str, Any]:
    """Return a picture whose files are named from outside the folder that they lie in.

    Parameters
    ----------
    picture : mapping
    folder : str
        Relative to where the files are then looked for: ``"pictures/heat_maps"``.
    """

    def moved(shown: Mapping[str, Any]) -> dict[str, Any]:
        own = ("file", "overlay")
        return {key: f"{folder}/{x}" if key in own and x else x for key, x in shown.items()}

    lists = {part: [moved(shown) for shown in picture[part]] for part in _LISTS if part in picture}
    return {**moved(picture), **lists}
