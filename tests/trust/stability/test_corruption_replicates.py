"""Figures under corruption are compared in pairs: on the same resamples of the clean items."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest

from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measures
from finetrust.core.predictions import Predictions
from finetrust.trust.accuracy import intervals
from finetrust.trust.accuracy.intervals import RESAMPLES, block_of_each
from finetrust.trust.comparison import bootstrap
from finetrust.trust.comparison.differences import Paired, difference, unpaired_difference
from finetrust.trust.stability.corruption_replicates import rows_of_clean, shared_means

from ..accuracy.detection.scenes import evidence_of as evidence_of_boxes
from ..accuracy.detection.scenes import random_scenes, table_of
from ..families import FAMILIES
from ..worlds import predictions_of

NAMES = {
    "corruption_accuracy": "classes",
    "corruption_label_f1": "labels",
    "corruption_entity_f1": "tags",
    "corruption_miou": "masks",
    "corruption_ap": "boxes",
}
EVERY = [prefix + name for name in NAMES for prefix in ("", "relative_")]


def evidence_for(name: str) -> Evidence:
    if name.endswith("corruption_ap"):
        scenes = random_scenes(60, 0, classes=2)
        worse = [random_scenes(60, 0, classes=2)[i] for i in range(60)]
        for one in worse[::3]:
            for column in [c for c in one if c.startswith("pred")]:
                one[column] = one[column][:1]
        return evidence_of_boxes(scenes, perturbed={"fog-1": table_of(worse, None, "fog-1")})
    return FAMILIES[NAMES[name.removeprefix("relative_")]]


def model(n: int, seed: int, sample: np.ndarray | None = None) -> Evidence:
    """Return one of several equally good models of the same items, some of which were corrupted."""
    own, common = np.random.default_rng([seed, 1]), np.random.default_rng(2)
    targets, shared = common.integers(0, 3, n), common.normal(size=(n, 3))
    scores = 1.5 * np.eye(3)[targets] + shared + 0.5 * own.normal(size=(n, 3))
    noise = common.normal(size=(4, n, 3))
    rows = np.arange(n) if sample is None else sample
    perturbed = {}
    for name, more in zip(("fog-1", "fog-3", "blur-1", "blur-3"), noise, strict=True):
        worse = scores + int(name[-1]) * 0.5 * more
        perturbed[name] = predictions_of(worse, targets, name=name).take(rows)
    return Evidence(predictions_of(scores, targets), perturbed, seed=7)


def estimates(name: str, evidence: Evidence) -> list[Estimate]:
    return [e for e in measures.get(name).estimate(evidence) if isinstance(e, Estimate)]


def replicates(estimate: Estimate) -> np.ndarray:
    assert estimate.replicates is not None
    return estimate.replicates()


@pytest.mark.parametrize("name", EVERY)
def test_the_shared_resamples_tell_the_same_uncertainty_as_the_interval(name: str) -> None:
    for found in estimates(name, evidence_for(name)):
        values = replicates(found)
        assert values.shape == (RESAMPLES,)
        values = values[np.isfinite(values)]
        assert len(values) > 0.9 * RESAMPLES
        low, high = np.quantile(values, [0.025, 0.975])
        assert high - low == pytest.approx(found.ci_high - found.ci_low, rel=0.35)
        assert values.mean() == pytest.approx(found.value, abs=0.35 * (high - low))


@pytest.mark.parametrize("name", EVERY)
def test_a_model_and_itself_are_alike_on_every_resample(name: str) -> None:
    evidence = evidence_for(name)
    again = replace(evidence)
    for one, other in zip(estimates(name, evidence), estimates(name, again), strict=True):
        np.testing.assert_array_equal(replicates(one), replicates(other))


@pytest.mark.parametrize("name", ["corruption_accuracy", "relative_corruption_accuracy"])
def test_two_models_are_compared_in_pairs(name: str) -> None:
    one, other = model(300, 0), model(300, 1)
    for ours, theirs in zip(estimates(name, one), estimates(name, other), strict=True):
        figures = [measures.get(name).measure(estimate) for estimate in (ours, theirs)]
        paired = difference("b", *figures, Paired(one, other))
        apart = difference("b", *figures, unpaired_difference)
        assert paired.method == bootstrap.METHOD
        assert paired.paired
        assert paired.ci_high - paired.ci_low < 0.9 * (apart.ci_high - apart.ci_low)
        own = difference("b", figures[0], figures[0], Paired(one, replace(one)))
        assert (own.difference, own.p_value) == (0, 1)


def test_a_sample_is_paired_whichever_other_items_were_corrupted() -> None:
    rng = np.random.default_rng(0)
    common, first, second = np.split(rng.permutation(400), [200, 220])
    one = model(400, 0, np.concatenate([common, first]))
    other = model(400, 0, np.concatenate([common, second[:20]]))
    ours, theirs = (replicates(estimates("corruption_accuracy", e)[0]) for e in (one, other))
    assert np.corrcoef(ours, theirs)[0, 1] > 0.8


def test_the_interval_of_a_difference_covers_it_at_its_rate() -> None:
    """Of equally good models, each judged on a third of the items under corruption."""
    worlds, hits = 200, 0
    for seed in range(worlds):
        rng = np.random.default_rng(seed)
        rows = rng.permutation(300)[:100]
        hard = rng.random(100)
        tables: list[Evidence] = []
        for _ in range(2):
            right = hard + 0.3 * rng.random(100) < 0.8
            clean = predictions_of(np.eye(2)[np.zeros(300, int)], np.zeros(300))
            corrupted = predictions_of(np.eye(2)[1 - right], np.zeros(100), rows, "fog-1")
            tables.append(Evidence(clean, {"fog-1": corrupted}))
        ours, theirs = (estimates("corruption_accuracy", e)[0] for e in tables)
        found = bootstrap.bootstrap_difference(
            theirs.value - ours.value, replicates(ours), replicates(theirs), 100
        )
        assert found is not None
        hits += found.ci_low <= 0 <= found.ci_high
    assert hits / worlds == pytest.approx(0.95, abs=3 * (0.95 * 0.05 / worlds) ** 0.5 + 0.01)


def table(ids: object) -> Predictions:
    return predictions_of(np.zeros((len(ids), 2)), np.zeros(len(ids)), ids)


def test_items_are_found_by_their_ids() -> None:
    assert rows_of_clean(Evidence(table(["c", "a", "b"])), np.array(["a", "c"])).tolist() == [1, 0]


def test_a_resample_without_any_corrupted_item_has_no_value() -> None:
    found = shared_means(Evidence(table(np.arange(4))), np.array(["2"]), np.array([[0.25]]))[:, 0]
    assert np.isnan(found).mean() == pytest.approx(0.75**4, abs=0.05)
    assert set(found[~np.isnan(found)]) == {0.25}


class TestManyItems:
    """More items than are resampled one by one: random blocks of them are."""

    @pytest.fixture(autouse=True)
    def _few_are_many(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        monkeypatch.setattr(intervals, "MOST_RESAMPLED", 1000)
        monkeypatch.setattr(intervals, "BLOCKS", 500)
        block_of_each.cache_clear()
        yield
        block_of_each.cache_clear()

    @pytest.mark.parametrize("draw", [np.random.Generator.random, np.random.Generator.exponential])
    def test_the_mean_of_some_varies_as_theory_says(self, draw: Callable) -> None:
        found = []
        for seed in range(10):
            rng = np.random.default_rng(seed)
            ids = rng.permutation(4001)[:400].astype(str)
            values = draw(rng, size=400)
            means = shared_means(Evidence(table(np.arange(4001)), seed=seed), ids, values[:, None])
            found.append(means.var() / (values.var() / 400))
        assert np.mean(found) == pytest.approx(1, abs=0.12)
