"""Expected calibration error of tags: whether the confidence in a tag is how often it is right."""

from collections.abc import Iterator

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.trust.accuracy.calibration.clustered_ece import clustered_ece
from finetrust.trust.accuracy.calibration.reliability import Confidence, reliability_diagram
from finetrust.trust.accuracy.probabilities import temperature_of
from finetrust.trust.accuracy.tokens.tag_probabilities import words_in


@measure(
    "token_ece",
    axis="accuracy",
    title="Expected calibration error of tags",
    better="lower",
    method="After calibration, where a temperature was fitted. Words are sorted into 15 bins of "
    "equal width by the probability of their predicted tag; the distance between mean probability "
    "and accuracy in each bin, averaged over the words. Bootstrap interval over texts that allows "
    "for the upward bias of this figure.",
    reference="Guo et al. 2017, arXiv:1706.04599, eq. 3",
    unit="%",
    needs=("true_tags", "tag_logits"),
    topic="calibration",
)
def token_ece(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the ECE of all words; the details are those of the measure ``ece``."""
    temperature = temperature_of(evidence.calibration)
    before = words_in(evidence.clean)
    if not len(before.true):
        raise NotApplicable("no word has a finite output")
    after = words_in(evidence.clean, temperature or 1.0)
    confidence = Confidence.of(after.log_probabilities, after.true)
    n = len(evidence.clean)
    value, low, high = clustered_ece(confidence, after.text, n, evidence.seed)
    own = reliability_diagram(Confidence.of(before.log_probabilities, before.true))
    details = {
        "temperature": temperature,
        "before": own,
        "after": reliability_diagram(confidence) if temperature else None,
    }
    yield Estimate(value, low, high, n, details=details)
