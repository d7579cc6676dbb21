"""Accuracy had the labels been right: what label errors hide of it."""

from collections.abc import Iterator

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.trust.accuracy.intervals import wilson
from finetrust.trust.accuracy.probabilities import is_right
from finetrust.trust.data.label_errors import noise_of_labels


@measure(
    "accuracy_if_labels_right",
    axis="data",
    title="Accuracy had the labels been right",
    better="higher",
    method="The accuracy, freed of the estimated share of wrong labels (see label_errors): a right "
    "answer is marked wrong where the label is, and a wrong one is marked right if it meets the "
    "wrong label by chance. Assumes that the model does not repeat the wrong labels; if it learnt "
    "them, it is worse than this. The interval joins those of both shares (MOVER).",
    reference="Natarajan et al. 2013, NeurIPS, lemma 1; Zou & Donner 2008, Stat. Med. 27",
    unit="%",
    needs=("logits", "target"),
    share=True,
    meaning="What the accuracy would probably be if every label of the evaluation data were right.",
    topic="test",
)
def accuracy_if_labels_right(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the corrected accuracy; the details hold the bounds that need no assumption.

    IF_RIGHT_PLACEHOLDER
    """
    noise, _, _ = noise_of_labels(evidence)
    right = is_right(evidence.clean, evidence.calibration)
    n, n_classes = len(right), evidence.clean["logits"].shape[1]
    accuracy = float(right.mean())
    low, high = map(float, wilson(right.sum(), n))

    def corrected(share: float) -> float:
        return accuracy_without_noise(accuracy, share, n_classes)

    value = corrected(noise.share)
    # The errors of both shares, squared and added: they are all but independent, and where they are
    # not they offset each other.
    ends = sorted((corrected(noise.ci_low), corrected(noise.ci_high)))
    below = ((accuracy - low) ** 2 + (value - min(value, ends[0])) ** 2) ** 0.5
    above = ((high - accuracy) ** 2 + (max(value, ends[1]) - value) ** 2) ** 0.5
    details = {
        "accuracy": accuracy,
        "label_errors": noise.share,
        "bounds": [max(0.0, accuracy - noise.ci_high), min(1.0, accuracy + noise.ci_high)],
    }
    yield Estimate(value, max(0.0, value - below), min(1.0, value + above), n, details=details)


def accuracy_without_noise(accuracy: float, share: float, n_classes: int) -> float:
    """Return the accuracy against right labels, from that against noisy ones.

    With a share e of labels replaced by any of the other k - 1 classes, independently of the answer,
    accuracy = (1 - e) a + (1 - a) e / (k - 1); solved for a and kept within 0 and 1.

    Parameters
    ----------
    accuracy : float
        Share of answers that are the given label.
    share : float
        Of labels that are wrong.
    n_classes : int
        At least two.
    """
    met = share / (n_classes - 1)
    kept = 1 - share - met
    if kept <= 0:
        return accuracy
    return min(1.0, max(0.0, (accuracy - met) / kept))
