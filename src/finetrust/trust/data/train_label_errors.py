"""Wrong labels in the training data, found while the model was tuned."""

from collections.abc import Iterator

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure

SUSPECTS_SHOWN = 100


@measure(
    "train_label_errors",
    axis="data",
    title="Wrong labels in the training data",
    better="lower",
    method="Share of training labels that are wrong, as for label_errors, by a logistic regression on "
    "the features of the pretrained model that never saw the labels it judges (five folds, copies "
    "together). Profile likelihood interval. The details name the suspects.",
    reference="Northcutt et al. 2021, JAIR 70; Patrini et al. 2017, CVPR, section 3",
    unit="%",
    share=False,
    meaning="How many of the labels that the model learnt from are probably wrong.",
    topic="test",
)
def train_label_errors(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the share that was estimated when the model was tuned."""
    found = evidence.data.get("train_label_suspects")
    if not found:
        raise NotApplicable("the labels of the training data were not checked")
    details = {
        "alarm": found["alarm"],
        "p_value": found["p_value"],
        "n": found["n"],
        "suspects": list(found["suspects"][:SUSPECTS_SHOWN]),
    }
    yield Estimate(found["share"], found["ci_low"], found["ci_high"], found["n"], details=details)
