"""Which attribution method explains a model: the one that is most faithful on validation data.

Among the methods whose maps change with the weights, that whose places matter most to the answer: the
mean over validation items of the area under the insertion curve less that under the deletion curve
(Petsiuk, Das & Saenko, "RISE", BMVC 2018), the removed pixels being replaced as ROAD does it (Rong et
al., "A Consistent and Efficient Evaluation Strategy for Attribution Methods", ICML 2022).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.predictions import Predictions
from finetrust.trust.interpretability.attributions.attribution import attributions
from finetrust.trust.interpretability.explained_tables import table_with
from finetrust.trust.interpretability.randomisation import verdict_of

STEP = "choice"
"""The step whose table holds ``METHOD.insertion``, ``METHOD.deletion`` (areas) and ``METHOD.weights``
(rank correlation of the map with that of the network with weights drawn anew), by validation item."""


@dataclass(frozen=True)
class Choice:
    """The chosen method.

    Parameters
    ----------
    method : str
        Its registered name.
    gains : mapping of str to float
        Mean insertion less deletion area of every candidate, highest first.
    rejected : tuple of str
        Candidates whose maps do not change with the weights.
    n : int
        Validation items with an answer; 0 where there were none, and the first candidate was taken.
    """

    method: str
    gains: Mapping[str, float]
    rejected: tuple[str, ...]
    n: int

    @property
    def sentence(self) -> str:
        """Which method explains the model and why, for a reader who knows none of them."""
        explains = f"{title_of(self.method)} explains this model: "
        if not self.n:
            return f"{explains}it was taken unseen, as there are no validation data to compare methods on."
        tried = f"on {self.n} validation {'item' if self.n == 1 else 'items'}"
        if len(self.gains) == 1:
            why = f"it is the only method that was tried, {tried}."
        else:
            why = (
                f"of {len(self.gains)} methods tried {tried}, it is the one whose marked places matter "
                "most to the answers."
            )
        return f"{explains}{why}{self._set_aside()}"

    def _set_aside(self) -> str:
        others = [title_of(method) for method in self.rejected if method != self.method]
        if self.method in self.rejected:
            return " But what it marks stays the same when the weights of the network are random."
        if not others:
            return ""
        named = others[0] if len(others) == 1 else f"{', '.join(others[:-1])} and {others[-1]}"
        return (
            f" {named} {'was' if len(others) == 1 else 'were'} set aside: what "
            f"{'it marks' if len(others) == 1 else 'they mark'} stays the same when the weights of the "
            "network are random."
        )


_ALONE = {"seg_grad_cam": "Seg-Grad-CAM"}
"""Methods that are the only one for their kind of output, and in no registry."""


def title_of(method: str) -> str:
    """Return what a reader knows a method as."""
    known = {name: entry.title for name, entry in attributions.items()} | _ALONE
    return known.get(method, method.replace("_", " ").capitalize())


def choice_of(table: Predictions) -> Choice:
    """Return the choice that a table of the step ``choice`` leads to.

    An item about which a method says nothing counts as a gain of 0 for it, which is what places in
    random order have. Of methods with equal gains the first of the table is taken.

    Raises
    ------
    NotApplicable
        If it names no method.
    """
    methods = [c.removesuffix(".insertion") for c in table.columns if c.endswith(".insertion")]
    if not methods:
        raise NotApplicable("no attribution method explains this model")
    found = np.array([table[f"{m}.insertion"] - table[f"{m}.deletion"] for m in methods])
    answered = np.isfinite(found).any(axis=0)
    n = int(answered.sum())
    if not n:
        return Choice(methods[0], {}, (), 0)
    means = np.where(np.isfinite(found), found, 0.0)[:, answered].mean(axis=1)
    gains = dict(zip(methods, means.tolist(), strict=True))
    rejected = tuple(
        m
        for m in methods
        if verdict_of(table[f"{m}.weights"]) == "does not change with the weights"
    )
    ranked = sorted(methods, key=lambda method: -gains[method])
    chosen = next((method for method in ranked if method not in rejected), ranked[0])
    return Choice(chosen, {method: gains[method] for method in ranked}, rejected, n)


def chosen_method(tables: Mapping[str, Mapping[str, Predictions]]) -> str | None:
    """Return the method that the tables of trials lead to; None where none was chosen."""
    table = table_with(tables, STEP)
    return None if table is None else choice_of(table).method
