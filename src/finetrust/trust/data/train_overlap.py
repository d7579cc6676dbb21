"""Train overlap: the share of evaluation items that also lie in the training data."""

from collections.abc import Iterator, Sequence

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.trust.accuracy.intervals import wilson

PAIRS_SHOWN = 100


@measure(
    "train_overlap",
    axis="data",
    title="Evaluation items seen in training",
    better="lower",
    method="Share of evaluation items of which an exact or a near copy lies in the training data; "
    "every such item makes the other figures too good. Wilson score interval.",
    reference="Barz & Denzler 2020, arXiv:1902.00423",
    unit="%",
    share=True,
    topic="test",
    meaning="So many of the items that the model was judged on were in its training data, as they are or "
    "slightly changed: turned, cropped, encoded anew, or with a word or two other.",
)
def train_overlap(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the overlap of any kind, and of exact and of near copies apart.

    Where features of both data are at hand, also the share of items that are hardly further from a
    training item for the network than a copy is. They may be other pictures of the same thing, so the
    overlap of any kind leaves them out.
    """
    exact = evidence.data.get("train_overlap_exact")
    near = evidence.data.get("train_overlap_near")
    if evidence.data.get("n_train") is None or exact is None or near is None:
        raise NotApplicable("the training data of this model are unknown")
    yield _overlap(evidence, [*exact, *near], "")
    yield _overlap(evidence, exact, "copy=exact")
    yield _overlap(evidence, near, "copy=near")
    embedding = evidence.data.get("train_overlap_embedding")
    if embedding is not None:
        yield _overlap(evidence, embedding, "copy=embedding")


def _overlap(evidence: Evidence, pairs: Sequence[Sequence[str]], subset: str) -> Estimate:
    evaluated = set(evidence.clean.ids.tolist())
    found = {item for item, _ in pairs} & evaluated
    n = len(evaluated)
    low, high = wilson(len(found), n)
    details = {"pairs": [list(pair) for pair in pairs[:PAIRS_SHOWN]]}
    return Estimate(len(found) / n, float(low), float(high), n, subset, details)
