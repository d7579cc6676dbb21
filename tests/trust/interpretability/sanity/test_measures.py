"""Figures of the explanations themselves, by hand and by their laws."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Absence, Estimate, measures
from finetrust.core.predictions import Predictions
from finetrust.trust.accuracy.intervals import wilson
from finetrust.trust.interpretability.sanity.sanity_table import sanity_table
from finetrust.trust.measure_all import measure_all

from ...worlds import logits_for, predictions_of
from .tables import METHODS, tables
from .worlds import choice, figures

NAMES = (
    "weight_randomisation",
    "label_randomisation",
    "explanation_stability",
    "explanation_sensitivity",
    "explanation_entropy",
    "explanation_gini",
)


def world(n: int = 40, **rest: object) -> Evidence:
    """Return evidence in which the first of the methods explains."""
    clean = predictions_of(logits_for(np.arange(n) % 3, 3), np.arange(n) % 3)
    trials = {"explanations": choice(*METHODS), "sanity": tables(clean)}
    return Evidence(clean, trials=trials, data={"n_train": 20}, **rest)


def of_columns(n: int, agreement: dict | None = None, **columns: object) -> Evidence:
    """Return evidence with the given figures of the method ``a``, which explains."""
    clean = predictions_of(logits_for(np.zeros(n, int), 2), np.zeros(n, int))
    whole = {
        "a.entropy": np.ones(n),
        **{f"a.{k.replace('__', '-')}": v for k, v in columns.items()},
    }
    found = {"sanity": Predictions(clean.ids, {k: np.asarray(v) for k, v in whole.items()})}
    methods = ("a",)
    if agreement is not None:
        found["agreement"] = Predictions(clean.ids, agreement)
        methods = ("a", "b", "c")
        for method in "bc":
            found["sanity"].columns[f"{method}.entropy"] = np.ones(n)
    return Evidence(clean, trials={"explanations": choice(*methods), "sanity": found})


def test_the_share_of_changed_maps_is_that_counted_by_hand():
    correlations = [0.49, 0.5, -0.9, 0.1, np.nan, 0.9, 0.2, 0.3]
    evidence = of_columns(8, weights__1=np.ones(8), weights__2=correlations)
    found = figures("weight_randomisation", evidence)[""]
    low, high = wilson(5, 7)
    assert (found.value, found.n) == (pytest.approx(5 / 7), 7)
    assert (found.ci_low, found.ci_high) == pytest.approx((float(low), float(high)))
    assert found.details["without_figure"] == 1
    assert (found.details["same"], found.details["verdict"]) == (2, "unclear")
    assert found.details["p_value"] == pytest.approx(binomtest(2, 7).pvalue)
    assert "it is not decided" in found.details["sentence"]
    first, last = found.details["curve"]
    assert (first["share_of_layers"], last["share_of_layers"]) == (0.5, 1)
    assert first["rank_correlation"]["value"] == 1
    assert last["rank_correlation"]["n"] == 7
    assert "structural_similarity" not in last, "texts have none"


@pytest.mark.parametrize(
    ("absolute", "strengths", "said"),
    [(0.9, False, True), (0.1, True, False), (np.nan, None, False)],
)
def test_where_only_the_signs_change_it_is_said(absolute, strengths, said):
    evidence = of_columns(8, weights__1=np.zeros(8), absolute__1=np.full(8, absolute))
    details = figures("weight_randomisation", evidence)[""].details
    assert details["believed"] is True
    assert details["strengths_change"] is strengths
    assert ("mostly the signs change" in details["sentence"]) is said


@pytest.mark.parametrize(
    ("correlation", "n", "believed", "verdict"),
    [
        (0.9, 6, False, "does not change with the labels"),
        (0.1, 6, True, "changes with the labels"),
        (0.1, 5, None, "unclear"),
        (0.9, 5, None, "unclear"),
    ],
)
def test_verdicts_are_those_of_a_sign_test(correlation, n, believed, verdict):
    found = figures("label_randomisation", of_columns(n, labels=np.full(n, correlation)))[""]
    assert (found.details["believed"], found.details["verdict"]) == (believed, verdict)
    assert found.details["rank_correlation"]["value"] == pytest.approx(correlation)


def test_stability_is_the_mean_over_items_of_the_mean_over_changes():
    evidence = of_columns(
        4,
        harmless__flip=[1.0, 0.5, np.nan, np.nan],
        harmless__shift=[0.0, 0.5, 0.8, np.nan],
        moved=[True, True, True, False],
    )
    found = figures("explanation_stability", evidence)
    assert found[""].value == pytest.approx((0.5 + 0.5 + 0.8) / 3)
    assert (found[""].n, found[""].details["without_figure"]) == (3, 0)
    assert found["change=flip"].value == pytest.approx(0.75)
    assert (found["change=flip"].n, found["change=flip"].details["without_figure"]) == (2, 1)


def test_the_median_error_has_its_exact_interval():
    errors = np.array([0.05, 0.01, 0.02, 0.9, 0.03, 0.04, np.nan])
    found = figures("completeness_error", of_columns(7, completeness=errors))
    whole = found[""]
    assert (whole.value, whole.ci_low, whole.ci_high, whole.n) == (0.03, 0.01, 0.9, 6)
    assert whole.details["largest"] == 0.9
    assert found["method=a"].value == whole.value
    with pytest.raises(NotApplicable, match="no method that was tried promises"):
        figures("completeness_error", of_columns(3))


def test_agreement_is_the_mean_over_the_pairs_with_the_method_that_explains():
    columns = {
        "a|b.rank": np.array([0.2, 0.4, np.nan]),
        "a|c.rank": np.array([0.6, 0.0, 0.5]),
        "b|c.rank": np.array([1.0, 1.0, 1.0]),
        **{f"{pair}.top": np.array([0.1, 0.3, 0.5]) for pair in ("a|b", "a|c", "b|c")},
        **{f"{pair}.compared": np.ones(3) for pair in ("a|b", "a|c", "b|c")},
    }
    found = figures("explanation_agreement", of_columns(3, columns))
    assert found[""].value == pytest.approx((0.4 + 0.2) / 2)
    assert (found[""].n, found[""].details["without_figure"]) == (2, 1)
    assert found["methods=a,b"].value == pytest.approx(0.3)
    assert found["methods=b,c"].value == 1
    assert found["methods=b,c"].ci_low < 1, "three items do not prove it"
    assert found["methods=b,c"].details["top_overlap"]["value"] == pytest.approx(0.3)
    with pytest.raises(NotApplicable, match="only one method"):
        figures("explanation_agreement", of_columns(3))


def test_the_rows_of_the_report_are_read_from_the_measures_alone():
    rows = sanity_table(measure_all(world()))
    assert [row.method for row in rows] == list(METHODS)
    assert [row.chosen for row in rows] == [True, False, False, False]
    assert [row.title for row in rows] == ["Grad-CAM", "Saliency", "Integrated Gradients", "Edges"]
    assert [row.verdict for row in rows] == ["changes with the weights"] * 3 + [
        "not to be believed"
    ]
    assert [row.believed for row in rows] == [True, True, True, False]
    assert [row.gain for row in rows] == pytest.approx([0.7, 0.6, 0.5, 0.4])
    assert [row.completeness is not None for row in rows] == [False, False, True, False]
    for row in rows:
        assert row.weights.value == pytest.approx(0 if row.method == "edges" else 1)
        assert row.labels.details["method"] == row.method
        assert row.stability.unit == row.sensitivity.unit == ""
    assert sanity_table(measure_all(replace(world(), trials={}))) == ()


@pytest.mark.parametrize("name", NAMES)
def test_each_method_has_its_figure_and_lacking_ones_are_counted(name: str):
    found = figures(name, world())
    for number, subset in enumerate(["", *(f"method={method}" for method in METHODS[1:])]):
        estimate = found[subset]
        assert isinstance(estimate, Estimate)
        assert estimate.details["method"] == METHODS[number]
        assert estimate.details["chosen"] is (number == 0)
        assert estimate.secondary is (number > 0)
        tried = 20 if METHODS[number] == "edges" else 40
        assert estimate.n + estimate.details["without_figure"] == tried
        assert estimate.n == (20 if METHODS[number] == "edges" else 35)


@settings(max_examples=20)
@given(st.integers(1, 30), st.integers(0, 200))
def test_the_order_of_tables_does_not_matter(n: int, seed: int):
    evidence = world(n)
    order = np.random.default_rng(seed).permutation(n)
    mixed = {name: t.take(order) for name, t in evidence.trials["sanity"].items()}
    other = replace(evidence, trials={**evidence.trials, "sanity": mixed})
    for name in (*NAMES, "completeness_error", "explanation_agreement"):
        assert figures(name, other) == figures(name, evidence)


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=20))
def test_correlations_have_intervals_around_them_within_their_range(values):
    evidence = of_columns(len(values), harmless__shift=values)
    found = figures("explanation_stability", evidence)[""]
    assert -1 <= found.ci_low <= found.value + 1e-12
    assert found.value - 1e-12 <= found.ci_high <= 1


@pytest.mark.parametrize("name", [*NAMES, "explanation_agreement"])
def test_replicates_are_the_figure_on_resamples_of_the_items(name: str):
    for estimate in figures(name, world(120)).values():
        drawn = estimate.replicates()
        spread = drawn.std()
        assert drawn.mean() == pytest.approx(estimate.value, abs=4 * spread / 30 + 1e-12)
        if spread > 0:
            half = (estimate.ci_high - estimate.ci_low) / 2
            assert half == pytest.approx(1.96 * spread, rel=0.3, abs=0.02)


def test_means_of_stability_cover_what_is_true():
    rng, hits = np.random.default_rng(0), 0
    for _ in range(200):
        values = 2 * rng.beta(8, 2, 60) - 1
        found = figures("explanation_stability", of_columns(60, harmless__jpeg=values))[""]
        hits += found.ci_low <= 0.6 <= found.ci_high
    assert hits / 200 == pytest.approx(0.95, abs=0.05)


def test_without_the_trial_or_what_explains_the_reason_is_told():
    whole = world(4)
    untried = replace(whole, trials={}, untried={"sanity": "it was not asked for"})
    other = replace(whole, trials={**whole.trials, "explanations": choice("rise")})
    for name in (*NAMES, "completeness_error", "explanation_agreement"):
        for evidence, reason in (
            (untried, "it was not asked for"),
            (other, "RISE, which explains, was not put to this trial"),
        ):
            with pytest.raises(NotApplicable, match=reason):
                list(measures.get(name).estimate(evidence))


def test_where_there_was_nothing_to_choose_the_first_method_explains():
    """As for masks, of which there are fewer figures."""
    whole = world(12)
    table = whole.trials["sanity"]["sanity"]
    kept = {
        name: values
        for name, values in table.columns.items()
        if name.split(".")[-1].split("-")[0] in ("weights", "entropy", "gini")
        and name.startswith("saliency")
    }
    step = Predictions(table.ids, kept)
    evidence = replace(whole, trials={"mask_localisation": {"sanity": step}})
    found = figures("weight_randomisation", evidence)[""]
    assert (found.details["title"], found.details["gain"]) == ("Saliency", None)
    for name in ("explanation_entropy", "explanation_gini"):
        assert isinstance(figures(name, evidence)[""], Estimate)
    (row,) = sanity_table(measure_all(evidence))
    assert (row.chosen, row.believed, row.labels, row.stability) == (True, True, None, None)


def test_a_single_item_has_no_interval_where_figures_have_no_bounds():
    found = figures(
        "explanation_sensitivity", of_columns(1, sensitivity_max=[0.3], sensitivity_mean=[0.1])
    )
    assert isinstance(found[""], Absence)
    assert "a single item" in found[""].reason
