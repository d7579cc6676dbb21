"""The figures of localisation: by hand, in pairs, and by their laws."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Absence, Estimate, measures
from finetrust.core.predictions import Predictions
from finetrust.trust.accuracy.intervals import RESAMPLES, wilson

from ...worlds import calibrated_world, predictions_of

MAPS = ("explanation", "random", "edges", "centre")
NAMES = {"pointing_game": "pointing", "energy_pointing": "energy", "localisation_iou": "iou"}
CLEAN = predictions_of(*calibrated_world(40, 3, seed=0))


def table(ids: object, explanation: object, centre: object, **others: object) -> Predictions:
    """Return a table in which all three figures of a map are the same; the other maps are half right."""
    n = len(np.asarray(explanation))
    of = {"explanation": explanation, "centre": centre}
    columns = {
        f"{name}.{figure}": np.asarray(of.get(name, others.get(name, np.full(n, 0.5))), float)
        for name in MAPS
        for figure in NAMES.values()
    }
    return Predictions(np.asarray(ids, str), {**columns, "area": np.full(n, 0.25)})


def found(
    name: str, rows: Predictions, clean: Predictions = CLEAN
) -> dict[str, Estimate | Absence]:
    evidence = Evidence(clean, trials={"localisation": {"localisation": rows}}, seed=3)
    return {e.subset: e for e in measures.get(name).estimate(evidence)}


@pytest.mark.parametrize("name", NAMES)
def test_the_explanation_stands_beside_maps_that_know_nothing(name: str) -> None:
    rows = table(CLEAN.ids[:4], [1, 1, 0, 1], [1, 0, 0, 1])
    by_subset = found(name, rows)
    assert list(by_subset) == ["", "baseline=random", "baseline=edges", "baseline=centre"]
    values = [e.value for e in by_subset.values() if isinstance(e, Estimate)]
    assert values == [0.75, 0.5, 0.5, 0.5]
    assert [e.secondary for e in by_subset.values() if isinstance(e, Estimate)] == [False] + [
        True
    ] * 3
    whole = by_subset[""]
    assert isinstance(whole, Estimate)
    above = whole.details["above"]["centre"]
    assert (above["value"], above["n"], whole.details["area"]) == (0.25, 4, 0.25)
    assert above["ci_low"] < 0.25 < above["ci_high"]
    json.dumps(whole.details, allow_nan=False)


def test_the_pointing_game_has_the_interval_of_a_share() -> None:
    whole = found("pointing_game", table(CLEAN.ids[:30], np.arange(30) % 3 > 0, np.zeros(30)))[""]
    assert isinstance(whole, Estimate)
    low, high = wilson(20, 30)
    assert (whole.ci_low, whole.ci_high) == (low, high)


def test_differences_are_of_the_same_items() -> None:
    rng = np.random.default_rng(0)
    hard = rng.uniform(0, 0.8, 40)
    easier = hard + 0.1 + rng.uniform(0, 0.02, 40)
    widths = {}
    for kind, other in (("paired", hard), ("apart", rng.permutation(hard))):
        whole = found("energy_pointing", table(CLEAN.ids, easier, other))[""]
        assert isinstance(whole, Estimate)
        above = whole.details["above"]["centre"]
        assert above["value"] == pytest.approx(easier.mean() - hard.mean())
        widths[kind] = above["ci_high"] - above["ci_low"]
    assert widths["apart"] > 10 * widths["paired"]


def test_items_without_a_figure_are_left_out_and_counted() -> None:
    nan = np.nan
    rows = table(CLEAN.ids[:5], [1, nan, 1, 0, nan], [0, 1, nan, 1, 1], edges=[nan] * 5)
    by_subset = found("pointing_game", rows)
    whole, centre, edges = (by_subset[s] for s in ("", "baseline=centre", "baseline=edges"))
    assert isinstance(whole, Estimate)
    assert isinstance(centre, Estimate)
    assert (whole.value, whole.n, whole.details["without_figure"]) == (2 / 3, 3, 2)
    assert (centre.value, centre.n) == (0.5, 2)
    assert whole.details["above"]["centre"]["n"] == 2
    assert whole.details["above"]["edges"] is None
    assert edges == Absence("no item has such a map", "baseline=edges")
    with pytest.raises(NotApplicable, match="no item has both an object in sight and a heat map"):
        found("pointing_game", table(CLEAN.ids[:2], [nan, nan], [0, 1]))


def test_replicates_follow_the_shared_resamples() -> None:
    values = np.random.default_rng(1).random(40)
    whole = found("localisation_iou", table(CLEAN.ids, values, values))[""]
    again = found("localisation_iou", table(CLEAN.ids[::-1], values[::-1], values))[""]
    assert isinstance(whole, Estimate)
    assert isinstance(again, Estimate)
    assert whole.replicates is not None
    assert again.replicates is not None
    np.testing.assert_allclose(whole.replicates(), again.replicates())
    assert whole.replicates().shape == (RESAMPLES,)
    assert whole.replicates().mean() == pytest.approx(values.mean(), abs=0.02)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20), st.integers(0, 99))
def test_figures_lie_in_their_intervals_whatever_the_order(values: list[float], seed: int) -> None:
    order = np.random.default_rng(seed).permutation(len(values))
    ids, figures = CLEAN.ids[: len(values)], np.array(values)
    whole = found("energy_pointing", table(ids, figures, 1 - figures))[""]
    assert isinstance(whole, Estimate)
    assert 0 <= whole.ci_low <= whole.value <= whole.ci_high <= 1
    above = whole.details["above"]["centre"]
    assert -1 <= above["ci_low"] <= above["value"] <= above["ci_high"] <= 1
    turned = found("energy_pointing", table(ids[order], figures[order], 1 - figures[order]))[""]
    assert turned == whole


@pytest.mark.parametrize(
    ("column", "reason"),
    [
        ("logits", "no masks"),
        ("pred_boxes", "no maps of boxes"),
        ("confusion", "no maps of classes"),
    ],
)
def test_the_reason_is_that_of_the_trial_for_such_answers(column: str, reason: str) -> None:
    untried = {
        "localisation": "no masks",
        "box_localisation": "no maps of boxes",
        "mask_localisation": "no maps of classes",
    }
    clean = Predictions(CLEAN.ids, {column: CLEAN["logits"]})
    with pytest.raises(NotApplicable, match=f"^{reason}$"):
        list(measures.get("pointing_game").estimate(Evidence(clean, untried=untried)))
