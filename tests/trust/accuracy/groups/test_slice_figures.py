"""Slices of the data on which a model fails."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Measure, measures
from finetrust.trust.accuracy.groups.slice_figures import LEAST_ITEMS, slice_measures

from ...families import FAMILIES
from ...worlds import evidence_of, logits_for

CLASSES = 4


def slices_of(evidence: Evidence, name: str = "accuracy") -> dict[str, Measure]:
    return {m.key: m for m in slice_measures(evidence, [measures.get(name)])}


def found_in(slices: Mapping[str, Measure]) -> list[Measure]:
    return [m for m in slices.values() if m.subset and m.details["found"]]


def random_world(
    n: int, seed: int, fails: str = "", classes: int = CLASSES
) -> tuple[Evidence, np.ndarray]:
    """Return evidence with 10 % errors, but half of the items of a part, and which those are."""
    rng = np.random.default_rng(seed)
    targets = np.arange(n) % classes
    features = 3 * rng.normal(size=(classes, 12))[targets] + rng.normal(size=(n, 12))
    brightness = rng.random(n)
    odd = (targets == 1) & (rng.random(n) < 0.4)
    features[odd] += 2.5
    bad = {"": np.zeros(n, bool), "dark": brightness < 0.2, "odd": odd}[fails]
    wrong = rng.random(n) < np.where(bad, 0.5, 0.1)
    predicted = np.where(wrong, (targets + rng.integers(1, classes, n)) % classes, targets)
    evidence = evidence_of(logits_for(predicted, classes), targets, seed=seed)
    columns = {**evidence.clean.columns, "features": features.astype(np.float32)}
    properties = {"brightness": brightness, "sharpness": rng.normal(size=n)}
    clean = replace(evidence.clean, columns=columns)
    names = ("cat", "dog", "eel", "fox", "gnu", "hen")[:classes]
    return replace(evidence, clean=clean, properties=properties, classes=names), bad


def test_random_errors_raise_no_alarm() -> None:
    alarms = covered = 0
    for seed in range(200):
        slices = slices_of(random_world(400, seed)[0])
        alarms += bool(found_in(slices))
        worst = slices["worst_slice.accuracy"]
        covered += worst.ci_low <= 0.9 <= worst.ci_high
    assert alarms / 200 <= 0.05 + 2 * 0.0154
    assert covered / 200 >= 0.95 - 3 * 0.0154


def test_a_failing_property_is_found() -> None:
    slices = slices_of(random_world(600, 0, "dark")[0])
    dark = slices["accuracy[slice=brightness: darkest fifth]"]
    assert dark.details["found"]
    assert dark.details["kind"] == "property"
    assert dark.details["p_value"] < 1e-6
    assert dark.details["rest"] == pytest.approx(0.9, abs=0.05)
    assert not dark.secondary
    assert slices["accuracy[slice=brightness: brightest fifth]"].secondary
    assert slices["worst_slice.accuracy"].details["slice"] == "brightness: darkest fifth"
    assert slices["worst_slice.accuracy"].value == dark.value


def test_a_hidden_cluster_of_one_class_is_found() -> None:
    for seed in range(5):
        evidence, odd = random_world(2000, seed, "odd")
        clusters = [m for m in found_in(slices_of(evidence)) if m.details["kind"] == "cluster"]
        assert clusters
        ids = [int(id_) for m in clusters for id_ in m.details["ids"]]
        assert odd[ids].mean() > 0.8
        assert "mostly “dog”, often taken for" in clusters[0].subset


def test_clusters_are_judged_on_other_items_than_they_were_found_on() -> None:
    evidence, _ = random_world(2000, 0, "odd")
    cluster = next(m for m in found_in(slices_of(evidence)) if m.details["kind"] == "cluster")
    shuffled = np.random.default_rng(evidence.seed).permutation(2000)
    assert not set(cluster.details["ids"]) & set(shuffled[:1000].astype(str))


def test_a_class_that_fails_is_found_and_one_that_does_not_is_not_told() -> None:
    targets = np.arange(400) % CLASSES
    wrong = (targets == 2) & (np.arange(400) % 8 == 2)
    predicted = np.where(wrong, 3, np.where(np.arange(400) % 50 == 0, 1 - targets % 2, targets))
    slices = slices_of(evidence_of(logits_for(predicted, CLASSES), targets))
    kinds = {m.subset: m.details["kind"] for m in found_in(slices)}
    assert kinds["slice=class “2”"] == "class"
    assert kinds["slice=predicted as “3”"] == "predicted"
    assert all(m.details["found"] for m in slices.values() if m.subset)


def test_ids_are_a_few_and_wrong_ones_first() -> None:
    evidence, _ = random_world(600, 0, "dark")
    dark = slices_of(evidence)["accuracy[slice=brightness: darkest fifth]"]
    rows = np.array([int(id_) for id_ in dark.details["ids"]])
    assert len(rows) == 20
    assert (evidence.properties["brightness"][rows] < 0.25).all()
    assert (evidence.clean["logits"][rows].argmax(axis=1) != evidence.clean["target"][rows]).all()


def test_a_difference_that_is_sure_but_small_raises_no_alarm() -> None:
    n = 100_000
    part = np.arange(n) % 2
    right = np.arange(n) // 2 % 100 < np.where(part, 90, 88)
    evidence = replace(
        evidence_of(logits_for(1 - right, 2), np.zeros(n)),
        properties={"size": part.astype(float)},
    )
    weaker = slices_of(evidence)["accuracy[slice=size: 0]"]
    assert weaker.details["p_value"] < 1e-6
    assert not weaker.details["found"]


def test_slices_of_labels_are_those_of_whole_answers() -> None:
    labels = FAMILIES["labels"]
    n = len(labels.clean)
    slices = slices_of(replace(labels, properties={"words": np.arange(n * 1.0)}), "subset_accuracy")
    assert not any("fifth" in key for key in slices)  # 60 items: 12 each
    wide = replace(labels, properties={"words": (np.arange(n) % 2).astype(float)})
    assert "subset_accuracy[slice=words: 0]" in slices_of(wide, "subset_accuracy")


def test_measures_that_are_no_share_of_right_items_have_no_slices() -> None:
    assert slices_of(random_world(200, 0)[0], "nll") == {}


@pytest.mark.parametrize("n", [1, 2, 15, LEAST_ITEMS])
def test_too_few_items_are_the_reason(n: int) -> None:
    slices = slices_of(random_world(n, 0)[0])
    assert list(slices) == ["worst_slice.accuracy"]
    assert "20 items" in slices["worst_slice.accuracy"].reason


def test_items_without_answers_or_features_are_in_no_cluster() -> None:
    evidence, _ = random_world(800, 0, "odd")
    features, logits = evidence.clean["features"].copy(), evidence.clean["logits"].copy()
    features[::7], logits[::5] = np.nan, np.nan
    columns = {**evidence.clean.columns, "features": features, "logits": logits}
    slices = slices_of(replace(evidence, clean=replace(evidence.clean, columns=columns)))
    for m in found_in(slices):
        rows = np.array([int(id_) for id_ in m.details["ids"]])
        if m.details["kind"] == "cluster":
            assert np.isfinite(features[rows]).all()
            assert np.isfinite(logits[rows]).all()


@pytest.mark.parametrize("change", ["all right", "all wrong", "one class"])
def test_degenerate_answers_raise_no_alarm(change: str) -> None:
    targets = np.arange(300) % 3 * (change != "one class")
    predicted = (targets + (change == "all wrong")) % 3
    clean = evidence_of(logits_for(predicted, 3), targets).clean
    features = np.random.default_rng(0).normal(size=(300, 6))
    clean = replace(clean, columns={**clean.columns, "features": features})
    evidence = Evidence(clean, properties={"size": np.arange(300.0)})
    assert not found_in(slices_of(evidence))


def test_the_order_of_the_items_does_not_change_slices_by_property() -> None:
    evidence, _ = random_world(500, 0, "dark")
    order = np.random.default_rng(1).permutation(500)
    one, other = slices_of(evidence), slices_of(evidence.take(order))
    key = "accuracy[slice=sharpness: middle fifth]"
    assert (one[key].value, one[key].ci_low, one[key].n) == (
        other[key].value, other[key].ci_low, other[key].n,
    )  # fmt: skip
