import numpy as np
import pytest

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.predictions import Predictions
from finetrust.trust.accuracy.segmentation.miou import miou
from finetrust.trust.stability.corruption_miou import corruption_miou, relative_corruption_miou

from ..accuracy.segmentation.maps import blocks, noisy, table_of

MASKS = blocks(0, 8)
CLEAN = table_of(MASKS, noisy(MASKS, 1, noise=1.0))


def worse(seed: int, noise: float) -> Predictions:
    return table_of(MASKS, noisy(MASKS, seed, noise=noise))


PERTURBED = {
    "fog-1": worse(2, 3),
    "fog-5": worse(3, 9),
    "gaussian_noise-3": worse(4, 6),
}


def value_of(table: Predictions) -> float:
    return next(iter(miou(Evidence(table)))).value


def test_types_count_the_same_and_severities_within_a_type() -> None:
    whole, fog, noise = corruption_miou(Evidence(CLEAN, PERTURBED))
    values = {name: value_of(table) for name, table in PERTURBED.items()}
    assert fog.value == pytest.approx((values["fog-1"] + values["fog-5"]) / 2)
    assert noise.value == pytest.approx(values["gaussian_noise-3"])
    assert whole.value == pytest.approx((fog.value + noise.value) / 2)
    assert (fog.subset, noise.subset) == ("corruption=fog", "corruption=gaussian_noise")
    assert whole.details == {
        "fog": {"1": pytest.approx(values["fog-1"]), "5": pytest.approx(values["fog-5"])},
        "gaussian_noise": {"3": pytest.approx(values["gaussian_noise-3"])},
    }
    assert whole.ci_low < whole.value < whole.ci_high
    assert whole.n == 8


def test_what_is_kept_is_a_share_of_the_clean_value_of_the_same_images() -> None:
    some = {name: table.take(np.arange(5)) for name, table in PERTURBED.items()}
    (kept,) = relative_corruption_miou(Evidence(CLEAN, some))
    whole, *_ = corruption_miou(Evidence(CLEAN, some))
    assert kept.value == pytest.approx(whole.value / value_of(CLEAN.take(np.arange(5))))
    assert kept.n == 5


def test_corruption_that_changes_nothing_keeps_all() -> None:
    (kept,) = relative_corruption_miou(Evidence(CLEAN, {"fog-1": CLEAN}))
    assert kept.value == 1
    assert kept.ci_low <= 1 <= kept.ci_high


def test_nothing_right_has_nothing_to_lose() -> None:
    wrong = table_of(
        [m % 2 for m in MASKS], [np.stack([np.zeros((8, 12))] * 3 + [np.ones((8, 12))])] * 8
    )
    with pytest.raises(NotApplicable, match="nothing could be lost"):
        list(relative_corruption_miou(Evidence(wrong, {"fog-1": wrong})))


def test_without_corruptions_there_is_no_value() -> None:
    with pytest.raises(NotApplicable, match="not run on corrupted"):
        list(corruption_miou(Evidence(CLEAN)))
