"""Accuracy had the labels been right: what label errors hide of it."""

from collections.abc import Iterator

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.trust.accuracy.intervals import wilson
from finetrust.trust.accuracy.probabilities import is_right
from finetrust.trust.data.label_errors import noise_of_labels
from finetrust.trust.data.label_noise import most_noise

NO_SIGNAL = 1e-9


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

    Share of 500 simulated sets whose interval covers the true accuracy (1,000 items of 10 classes,
    accuracy 0.75 or 0.91): 0.95 or more with 0 % to 5 % of wrong labels, and 0.99 or more with 20 %, where
    it is wider than need be; 0.94 to 0.99 with 100 items or 3 classes.
    """
    noise, _, _ = noise_of_labels(evidence)
    right = is_right(evidence.clean, evidence.calibration)
    n, n_classes = len(right), evidence.clean["logits"].shape[1]
    accuracy = float(right.mean())

    def corrected(share: float, seen: float = accuracy) -> float:
        return accuracy_without_noise(seen, share, n_classes)

    if noise.share >= most_noise(n_classes):
        raise NotApplicable("the labels agree with the model no more often than by chance")
    value = corrected(noise.share)
    # The distances to what either share alone would make of it, squared and added (MOVER). Where the
    # shares depend on each other, they offset each other: more wrong labels, fewer right answers.
    by_accuracy = [corrected(noise.share, float(bound)) for bound in wilson(right.sum(), n)]
    by_noise = [corrected(noise.ci_low), corrected(noise.ci_high)]
    below = sum((value - min(value, *ends)) ** 2 for ends in (by_accuracy, by_noise)) ** 0.5
    above = sum((max(value, *ends) - value) ** 2 for ends in (by_accuracy, by_noise)) ** 0.5
    details = {
        "accuracy": accuracy,
        "label_errors": noise.share,
        "bounds": [max(0.0, accuracy - noise.ci_high), min(1.0, accuracy + noise.ci_high)],
    }
    yield Estimate(value, max(0.0, value - below), min(1.0, value + above), n, details=details)


def accuracy_without_noise(accuracy: float, share: float, n_classes: int) -> float:
    """Return the accuracy against right labels, from that against noisy ones.

    With a share e of labels replaced by any of the other k - 1 classes, independently of the answer,
    accuracy = (1 - e) a + (1 - a) e / (k - 1); solved for a and kept within 0 and 1. As e nears
    1 - 1 / k, labels that say nothing, that is 0, 1, or chance where the accuracy is chance itself.

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
    if kept < NO_SIGNAL:
        return accuracy if abs(accuracy - met) < NO_SIGNAL else float(accuracy > met)
    return min(1.0, max(0.0, (accuracy - met) / kept))
