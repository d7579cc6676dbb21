"""Agreement of a model's answers with the labels of the training items that it finds most similar."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Absence, Estimate, measure
from finetrust.core.predictions import Predictions
from finetrust.trust.accuracy.intervals import wilson
from finetrust.trust.interpretability.examples.shown_examples import NEIGHBOURS
from finetrust.trust.interpretability.examples.votes import votes
from finetrust.trust.stability.corruption_replicates import shared_means


@measure(
    "neighbour_agreement",
    axis="interpretability",
    topic="explained",
    title="Answers that similar training items have",
    better="higher",
    method="Share of items whose answer is the label that most of the five nearest training items have "
    "(by the angle between the features that the last layer reads; of equally frequent labels that of "
    "the nearest), and the same among right and among wrong answers. Items without an answer are left "
    "out. Of a random sample of the items where n is less than all. Wilson score interval.",
    reference="Papernot & McDaniel 2018, arXiv:1803.04765, section IV",
    unit="%",
    needs=("logits", "target"),
    share=True,
    meaning="How often the training items that the model finds most similar have the class that it "
    "answers; a wrong answer that they do not share is one that examples do not explain.",
)
def neighbour_agreement(evidence: Evidence) -> Iterator[Estimate | Absence]:
    """Yield the share of all answers, then of right and of wrong ones."""
    table = evidence.tables("examples")[NEIGHBOURS]
    table = table.take(np.flatnonzero(table["sampled"]))
    if not len(table):
        raise NotApplicable("the model has an answer to no item of the sample")
    labels = np.stack([table[f"label-{rank}"] for rank in range(_count(table))], axis=1)
    agrees = votes(labels) == table["predicted"]
    details = {"neighbours": labels.shape[1], "without_answer": _without_answer(evidence)}
    right = table["predicted"] == table["target"]
    yield _estimate(evidence, table, agrees, np.ones(len(table), bool), "", details)
    for name, among in (("right", right), ("wrong", ~right)):
        if among.any():
            yield _estimate(evidence, table, agrees, among, f"answer={name}", {})
        else:
            yield Absence(f"no answer is {name}", f"answer={name}")


def _estimate(
    evidence: Evidence,
    table: Predictions,
    agrees: np.ndarray,
    among: np.ndarray,
    subset: str,
    details: dict[str, int],
) -> Estimate:
    values = agrees[among].astype(float)
    low, high = wilson(values.sum(), len(values))
    replicates = partial(_replicates, evidence, table.ids[among], values)
    return Estimate(
        float(values.mean()), float(low), float(high), len(values), subset, details, replicates
    )


def _replicates(evidence: Evidence, ids: np.ndarray, values: np.ndarray) -> np.ndarray:
    return shared_means(evidence, ids, values[:, None])[:, 0]


def _count(table: Predictions) -> int:
    return sum(name.startswith("label-") for name in table.columns)


def _without_answer(evidence: Evidence) -> int:
    return int((~np.isfinite(evidence.clean["logits"]).all(axis=1)).sum())
