"""The measures of average precision and recall say what COCO's figures are, and how sure they are."""

import gc
import weakref

import numpy as np
import pytest

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Measure
from finetrust.core.once import once
from finetrust.trust.accuracy.detection.average_precision import coco_summary
from finetrust.trust.accuracy.detection.resampling import Weightings
from finetrust.trust.accuracy.detection.summary import summary
from finetrust.trust.measure_all import measure_all

from .scenes import NAMES, Scene, columns_of, evidence_of, random_scenes, reference, scene


def measured(scenes: list[Scene], **rest: object) -> dict[str, Measure]:
    return {measure.key: measure for measure in measure_all(evidence_of(scenes, **rest))}


def test_the_values_are_those_of_pycocotools() -> None:
    scenes = random_scenes(25, 1, side=500)
    found = measured(scenes, classes=("cat", "dog", "eel"))
    figures, by_class = reference(scenes)
    for name in NAMES:
        assert found[name].value == pytest.approx(figures[name], abs=1e-9)
    for name, value in zip(("cat", "dog", "eel"), by_class, strict=True):
        assert found[f"ap[class={name}]"].value == pytest.approx(value, abs=1e-9)
    assert np.mean(found["ap"].details["ap"]) == pytest.approx(found["ap"].value)


def test_a_planted_model_has_the_precision_that_was_planted() -> None:
    box, elsewhere = (0, 0, 50, 50), (100, 100, 150, 150)
    half = [scene([(0, box)], [(0, 0.9 - i / 100, box)] if i % 2 else []) for i in range(20)]
    found = measured(half)
    assert found["ar_100"].value == pytest.approx(0.5)
    assert found["ap"].value == pytest.approx(51 / 101)  # Recalls 0 to 0.5 at precision 1.
    doubled = [scene([(0, box)], [(0, 0.9, elsewhere), (0, 0.5, box)]) for _ in range(20)]
    assert measured(doubled)["ap50"].value == pytest.approx(0.5)


def test_n_counts_images_and_per_class_those_that_show_it() -> None:
    scenes = [scene([(0, (0, 0, 9, 9))]), scene([(1, (0, 0, 9, 9))]), scene([(1, (0, 0, 9, 9))])]
    found = measured(scenes, classes=("cat", "dog"))
    assert [found[key].n for key in ("ap", "ap[class=cat]", "ap[class=dog]")] == [3, 1, 2]


def test_the_interval_covers_the_value_of_many_images_mostly() -> None:
    truth = coco_summary(*columns_of(random_scenes(800, 99, classes=2, side=200)))["ap"]
    inside = 0
    for seed in range(20):
        scenes = random_scenes(40, seed, classes=2, side=200)
        _, low, high = summary(evidence_of(scenes, seed=seed)).interval("ap")
        inside += low <= truth <= high
    assert inside >= 17


def test_the_interval_narrows_with_more_images() -> None:
    def width(n: int) -> float:
        _, low, high = summary(evidence_of(random_scenes(n, 5))).interval("ap50")
        return high - low

    assert width(160) < 0.7 * width(20)


def test_many_detections_are_resampled_less_often() -> None:
    assert Weightings.of(10, 100, 0).resamples == 1000
    assert Weightings.of(10, 10_000, 0).resamples == 400
    assert Weightings.of(10, 10**9, 0).resamples == 200


def test_images_are_left_out_in_groups_that_cover_them_all() -> None:
    drawn = Weightings.of(250, 10**9, 0)
    without = drawn.weights[1 + drawn.resamples :]
    assert without.shape == (100, 250)
    assert ((without == 0).sum(axis=0) == 1).all()


def test_what_was_computed_goes_with_its_evidence() -> None:
    calls = []

    @once
    def counted(evidence: Evidence) -> list[int]:
        calls.append(len(evidence.clean))
        return calls

    evidence, other = evidence_of([scene()]), evidence_of([scene(), scene()])
    assert counted(evidence) is counted(evidence)
    counted(other)
    assert calls == [1, 2]
    gone = weakref.ref(evidence)
    del evidence
    gc.collect()
    assert gone() is None
