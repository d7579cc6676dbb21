"""Expected calibration error of entities: whether their probability is how often they are right."""

from collections.abc import Iterator

import numpy as np

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measure
from finetrust.data.texts.entity_confidence import entity_confidence
from finetrust.data.texts.entity_counts import is_right
from finetrust.data.texts.tag_scheme import entities
from finetrust.trust.accuracy.calibration.clustered_ece import clustered_ece
from finetrust.trust.accuracy.calibration.reliability import Confidence, reliability_diagram
from finetrust.trust.accuracy.probabilities import temperature_of
from finetrust.trust.accuracy.tokens.evidence_of_tags import NEEDS, scheme_in
from finetrust.trust.accuracy.tokens.tag_probabilities import confidence_of_tags


@measure(
    "entity_ece",
    axis="accuracy",
    title="Expected calibration error of entities",
    better="lower",
    method="The probability of an entity that was found is the product of the probabilities of its "
    "words' tags, after calibration where a temperature was fitted. Entities are sorted into 15 bins "
    "of equal width by it; the distance between mean probability and precision in each bin, averaged "
    "over the entities. Bootstrap interval over texts that allows for the upward bias of this figure.",
    reference="Guo et al. 2017, arXiv:1706.04599, eq. 3",
    unit="%",
    needs=(*NEEDS, "tag_logits"),
    topic="calibration",
)
def entity_ece(evidence: Evidence) -> Iterator[Estimate]:
    """Yield the ECE of the entities found; the details hold their reliability diagram."""
    scheme, clean = scheme_in(evidence), evidence.clean
    found = entities(clean["pred_tags"], scheme)
    if not len(found):
        raise NotApplicable("no entity is found")
    temperature = temperature_of(evidence.calibration) or 1.0
    words = [confidence_of_tags(logits, temperature) for logits in clean["tag_logits"]]
    right = is_right(found, entities(clean["true_tags"], scheme))
    confidence = Confidence(np.clip(entity_confidence(found, words), 0.0, 1.0), right)
    n = len(clean)
    value, low, high = clustered_ece(confidence, found.row, n, evidence.seed)
    details = {"entities": len(found), "diagram": reliability_diagram(confidence)}
    yield Estimate(value, low, high, n, details=details)
