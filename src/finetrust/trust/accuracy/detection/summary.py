"""What the measures of detection read: the figures of COCO with their resamples, computed once."""

from dataclasses import dataclass

import numpy as np

from finetrust.core.evidence import Evidence
from finetrust.core.once import once
from finetrust.trust.accuracy.detection.average_precision import CocoFigures, coco_figures
from finetrust.trust.accuracy.detection.found import Found
from finetrust.trust.accuracy.detection.matching import Matches, match
from finetrust.trust.accuracy.detection.resampling import Weightings

INTERVAL = (
    "BCa bootstrap over images (n counts them): 1000 resamples, down to 200 of many detections, with "
    "their detections matched once."
)


@dataclass(frozen=True)
class Summary:
    """Figures of COCO under each weighting of the images.

    Parameters
    ----------
    matches : Matches
    weightings : Weightings
    figures : CocoFigures
    """

    matches: Matches
    weightings: Weightings
    figures: CocoFigures

    def interval(self, name: str) -> tuple[float, float, float]:
        """Return a figure by its name and its interval."""
        return self.weightings.interval(self.figures.values[name])


@once
def matched_detections(evidence: Evidence) -> Matches:
    """Return the clean detections, matched."""
    return match(Found.of(evidence.clean))


@once
def summary(evidence: Evidence) -> Summary:
    """Return the figures of the clean predictions."""
    matches = matched_detections(evidence)
    weightings = Weightings.of(matches.n_images, len(matches.image), evidence.seed)
    return Summary(matches, weightings, coco_figures(matches, weightings.weights))


def class_names(evidence: Evidence, classes: np.ndarray) -> list[str]:
    """Return the name of each class, or its number where it has none."""
    names = evidence.classes
    return [names[k] if 0 <= k < len(names) else str(k) for k in classes.tolist()]
