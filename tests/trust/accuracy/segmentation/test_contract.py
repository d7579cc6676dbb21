"""What the measures of segmentation promise, on every kind of evidence (see trust/test_contract.py)."""

import json
import math

import numpy as np
import pytest

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Measure, measures
from finetrust.data.masks.masks import IGNORE
from finetrust.trust.measure_all import measure_all

from .maps import CLASSES, blocks, evidence_of, noisy, ordinary_masks

NAMES = [
    "boundary_iou",
    "corruption_miou",
    "frequency_weighted_iou",
    "mean_dice",
    "miou",
    "pixel_accuracy",
    "pixel_ece",
    "pixel_ece_before_calibration",
    "relative_corruption_miou",
]


def spoiled() -> Evidence:
    masks, logits = blocks(0, 6), noisy(blocks(0, 6), 1)
    for i, value in enumerate((np.nan, np.inf, -np.inf)):
        logits[i][:, i : i + 3] = value
    logits[5][:] = np.nan
    return evidence_of(masks, logits, classes=CLASSES)


def alike(right: bool, n: int = 6) -> Evidence:
    masks = [mask % 4 for mask in blocks(0, n, ignored=0.0)]
    shown = masks if right else [(mask + 1) % 4 for mask in masks]
    return evidence_of(masks, [30 * one for one in _certain(shown)], classes=CLASSES)


def _certain(masks: list) -> list:
    return [(m[2::4, 2::4] == np.arange(4)[:, None, None]).astype(float) for m in masks]


EVIDENCE = {
    "ordinary": ordinary_masks(),
    "one image": ordinary_masks(1),
    "two images": ordinary_masks(2),
    "all right": alike(right=True),
    "all wrong": alike(right=False),
    "NaN and infinity": spoiled(),
    "no answers": evidence_of(blocks(0, 3), [np.full((4, 8, 12), np.nan)] * 3),
    "nothing but predictions": evidence_of(blocks(0, 9), noisy(blocks(0, 9), 1)),
    "a class without pixels": evidence_of(
        [m % 3 for m in blocks(0, 5, ignored=0)], noisy(blocks(0, 5), 1)
    ),
    "nothing to judge": evidence_of([np.full((32, 48), IGNORE, np.uint8)], noisy(blocks(0, 1), 1)),
}


def measured(kind: str, name: str) -> list[Measure]:
    return [measure for measure in measure_all(EVIDENCE[kind]) if measure.name == name]


@pytest.mark.parametrize("kind", EVIDENCE)
def test_each_is_measured_within_its_interval_or_gives_its_reason(kind: str) -> None:
    found = [measure for measure in measure_all(EVIDENCE[kind]) if measure.name in NAMES]
    assert {measure.name for measure in found} == set(NAMES)
    assert len({measure.key for measure in found}) == len(found)
    for measure in found:
        if measure.value is None:
            assert measure.reason
            continue
        assert measure.ci_low is not None
        assert measure.ci_high is not None
        assert all(map(math.isfinite, (measure.value, measure.ci_low, measure.ci_high)))
        assert 0 <= measure.ci_low <= measure.value <= measure.ci_high
        assert measure.ci_high <= 1 or measure.name == "relative_corruption_miou"
        assert 1 <= measure.n <= len(EVIDENCE[kind].clean)
        assert Measure(**json.loads(json.dumps(measure.to_dict(), allow_nan=False))) == measure


@pytest.mark.parametrize("kind", ["ordinary", "one image", "all right"])
@pytest.mark.parametrize("name", NAMES)
def test_an_interval_has_width(kind: str, name: str) -> None:
    for measure in measured(kind, name):
        if measure.value is not None:
            assert measure.ci_low is not None
            assert measure.ci_high is not None
            assert measure.ci_high > measure.ci_low


@pytest.mark.parametrize("name", NAMES)
def test_each_says_what_it_needs_where_that_is_missing(name: str) -> None:
    definition = measures.get(name)
    assert definition.needs
    assert all(measure.value is None for measure in measured("nothing to judge", name))
