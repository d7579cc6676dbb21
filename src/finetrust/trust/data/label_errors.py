"""Label errors: the share of evaluation labels that are wrong, and which ones to look at."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.core.once import once
from finetrust.trust.accuracy.answers import answers_of
from finetrust.trust.accuracy.class_names import class_names
from finetrust.trust.accuracy.probabilities import has_answer, log_probabilities
from finetrust.trust.data.confident_learning import noise_share, noise_share_if_right
from finetrust.trust.data.label_noise import (
    LabelNoise,
    label_noise,
    probability_of,
    probability_wrong,
)

SUSPECTS_SHOWN = 1_000
ALARM = 0.001
CELLS = 1 << 22


@measure(
    "label_errors",
    axis="data",
    title="Wrong labels in the evaluation data",
    better="lower",
    method="Share of labels that are wrong, by maximum likelihood: labels that the model holds to be "
    "all but impossible, beyond the errors that its own doubt announces (its temperature is "
    "fitted anew to these labels). Assumes that a wrong label is any of the other classes. Profile "
    "likelihood interval. The details name the suspects and what confident learning counts.",
    reference="Northcutt et al. 2021, JAIR 70; Patrini et al. 2017, CVPR, section 3",
    unit="%",
    needs=("logits", "target"),
    share=True,
    meaning="How many of the labels that the model is judged by are probably wrong themselves.",
    topic="test",
)
def label_errors(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the share of wrong labels; the details hold the suspects.

    A model's own errors are not counted: on the real test sets digits, TREC, SST-2, CLINC-150 and
    CIFAR-10, for models of 70 % to 99.6 % accuracy, the share is 0 % to 0.7 % as they are, and
    4.3 % to 7.4 % with 5 % of the labels changed.
    """
    noise, n, learnt = noise_of_labels(evidence)
    details = {
        "alarm": noise.p_value < ALARM,
        "p_value": noise.p_value,
        "temperature": noise.temperature,
        "confident_learning": learnt,
        "suspects": _suspects(evidence, noise),
    }
    yield Estimate(noise.share, noise.ci_low, noise.ci_high, n, details=details)


@once
def noise_of_labels(evidence: Evidence) -> tuple[LabelNoise, int, dict[str, float]]:
    """Return the fit, the items it rests on, and what confident learning counts among them.

    Raises
    ------
    NotApplicable
        If there is one class only, or no item has an answer.
    """
    logits = evidence.clean["logits"]
    n_classes = logits.shape[1]
    if n_classes < 2:
        raise NotApplicable("with a single class no label can be another one")
    answered = np.flatnonzero(has_answer(logits))
    if not len(answered):
        raise NotApplicable("the model returned NaN or infinity for every item")
    most = max(1, CELLS // n_classes)
    if len(answered) > most:
        rng = np.random.default_rng(evidence.seed)
        answered = np.sort(rng.choice(answered, most, replace=False))
    log_p = log_probabilities(logits[answered], evidence.calibration)
    labels = evidence.clean["target"][answered]
    noise = label_noise(log_p, labels)
    p = np.exp(log_p).astype(np.float32)
    learnt = {"share": noise_share(p, labels), "share_if_right": noise_share_if_right(p)}
    return noise, len(answered), learnt


def _suspects(evidence: Evidence, noise: LabelNoise) -> list[dict[str, Any]]:
    """Return the least probable labels, as many as may be wrong."""
    answers, names = answers_of(evidence), class_names(evidence)
    count = min(SUSPECTS_SHOWN, int(np.ceil(noise.ci_high * len(answers.rows))))
    wrong = np.flatnonzero(~answers.right)
    own = answers.target_probability[wrong]
    if count < len(wrong):
        wrong = wrong[np.argpartition(own, count)[:count]]
    wrong = wrong[np.lexsort((answers.rows[wrong], answers.target_probability[wrong]))]
    if not len(wrong):
        return []
    rows, labels = answers.rows[wrong], answers.target[wrong]
    log_p = log_probabilities(evidence.clean["logits"][rows], evidence.calibration)
    log_p -= log_p.max(axis=1, keepdims=True)
    p = probability_of(log_p, labels, noise.temperature)
    doubt = probability_wrong(p, noise.share, log_p.shape[1])
    return [
        {
            "id": str(evidence.clean.ids[row]),
            "label": names[label],
            "suggested": names[suggested],
            "confidence": float(confidence),
            "probability_wrong": float(d),
        }
        for row, label, suggested, confidence, d in zip(
            rows, labels, answers.predicted[wrong], answers.confidence[wrong], doubt, strict=True
        )
    ]
