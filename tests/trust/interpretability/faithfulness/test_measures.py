"""Measures of faithfulness: means of the same items, paired with rivals, and what the details tell."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import bootstrap

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measures
from finetrust.core.predictions import Predictions
from finetrust.trust.interpretability.choice import choice_of
from finetrust.trust.interpretability.faithfulness.judged import difference

from ...worlds import calibrated_world, predictions_of
from .tables import choice, faithfulness, tables

NAMES = (
    "insertion_auc", "deletion_auc", "comprehensiveness", "sufficiency", "pixel_flipping", "infidelity",
    "faithfulness_gain",
)  # fmt: skip
CLEAN = predictions_of(*calibrated_world(80, 3, seed=1))


def evidence_of(table: Predictions | None = None, clean: Predictions = CLEAN) -> Evidence:
    found = tables(clean)
    if table is not None:
        found["faithfulness"] = table
    return Evidence(clean, trials={"explanations": found}, seed=2)


def figures(name: str, evidence: Evidence) -> dict[str, Estimate]:
    return {found.subset: found for found in measures.get(name).estimate(evidence)}


@pytest.mark.parametrize("name", ["insertion", "deletion", "comprehensiveness", "pixel_flipping"])
def test_a_figure_is_the_mean_over_items_beside_rivals_and_other_replacements(name: str) -> None:
    found = figures(
        {"insertion": "insertion_auc", "deletion": "deletion_auc"}.get(name, name), evidence_of()
    )
    table = faithfulness(CLEAN)
    assert set(found) == {
        "", "baseline=random", "baseline=edges", "baseline=random_pixels",
        "replacement=mean", "replacement=blur", "replacement=black",
    }  # fmt: skip
    for subset, column in {
        "": "explanation.noisy_linear",
        "baseline=edges": "edges.noisy_linear",
        "replacement=black": "explanation.black",
    }.items():
        assert found[subset].value == pytest.approx(table[f"{column}.{name}"].mean())
        assert found[subset].n == 80
        assert found[subset].secondary == bool(subset)
    assert found[""].details["method"] == "grad_cam"
    assert found[""].details["title"] == "Grad-CAM"
    assert found[""].details["replacement"] == "noisy_linear"
    assert found["replacement=black"].details["replacement"] == "black"


def test_differences_are_paired_by_item() -> None:
    table = faithfulness(CLEAN)
    own, other = (table[f"{name}.noisy_linear.insertion"] for name in ("explanation", "random"))
    above = figures("insertion_auc", evidence_of())[""].details["above"]["random"]
    expected = bootstrap(
        (own - other,), np.mean, n_resamples=4000, rng=np.random.default_rng(0), method="BCa"
    ).confidence_interval
    assert above["value"] == pytest.approx((own - other).mean())
    assert above["ci_low"] == pytest.approx(expected.low, abs=0.01)
    assert above["ci_high"] == pytest.approx(expected.high, abs=0.01)
    assert above["higher"] == (own > other).sum()
    # Noise that both share does not widen the interval.
    shared = np.random.default_rng(0).uniform(-0.4, 0.4, 80)
    apart = [difference(own + s, other + s, (0, 1), 0) for s in (0 * shared, shared)]
    assert apart[0] == pytest.approx(apart[1])


def test_the_gain_is_insertion_less_deletion_above_chance() -> None:
    table = faithfulness(CLEAN)

    def net(name: str, replacement: str = "noisy_linear") -> np.ndarray:
        columns = (f"{name}.{replacement}.{figure}" for figure in ("insertion", "deletion"))
        inserted, deleted = (table[column] for column in columns)
        return inserted - deleted

    found = figures("faithfulness_gain", evidence_of())
    assert found[""].value == pytest.approx((net("explanation") - net("random")).mean())
    edges = found["against=edges"]
    assert edges.value == pytest.approx((net("explanation") - net("edges")).mean())
    assert edges.details["better_on"] == (net("explanation") > net("edges")).sum()
    black = found["replacement=black"]
    expected = net("explanation", "black") - net("random", "black")
    assert black.value == pytest.approx(expected.mean())
    assert set(found) == {
        "", "against=edges", "against=random_pixels",
        "replacement=mean", "replacement=blur", "replacement=black",
    }  # fmt: skip


def test_the_gain_tells_how_the_method_was_chosen() -> None:
    details = figures("faithfulness_gain", evidence_of())[""].details
    assert details["sentence"] == choice_of(choice()).sentence
    assert details["n_validation"] == 20
    assert [c["method"] for c in details["candidates"]] == ["grad_cam", "layer_cam", "saliency"]
    assert not any(c["rejected"] for c in details["candidates"])


def test_an_explanation_no_better_than_chance_has_an_interval_around_0() -> None:
    found = figures("faithfulness_gain", evidence_of(faithfulness(CLEAN, gain=0)))[""]
    assert found.ci_low < 0 < found.ci_high
    assert figures("faithfulness_gain", evidence_of())[""].ci_low > 0


def test_equal_items_do_not_prove_a_difference_beyond_their_number() -> None:
    few, many = (difference(np.full(n, 0.3), np.zeros(n), (0, 1), 0) for n in (3, 300))
    assert few["ci_low"] < 0 < many["ci_low"]
    assert difference(np.array([np.nan]), np.array([1.0]), (0, 1), 0) == {}


def test_items_without_a_figure_are_left_out_and_counted() -> None:
    table = faithfulness(CLEAN)
    spoiled = np.where(np.arange(80) < 10, np.nan, table["explanation.noisy_linear.insertion"])
    columns = {**table.columns, "explanation.noisy_linear.insertion": spoiled}
    evidence = evidence_of(replace(table, columns=columns))
    found = figures("insertion_auc", evidence)[""]
    assert (found.n, found.details["without_figure"]) == (70, 10)
    assert found.value == pytest.approx(np.nanmean(spoiled))
    assert figures("faithfulness_gain", evidence)[""].n == 70
    assert figures("deletion_auc", evidence)[""].n == 80


def test_replicates_are_paired_with_those_of_another_model_on_the_same_items() -> None:
    better, worse = (evidence_of(faithfulness(CLEAN, gain)) for gain in (1.0, 0.5))
    one, two = (figures("faithfulness_gain", e)[""] for e in (better, worse))
    apart = one.replicates() - two.replicates()
    assert apart.mean() == pytest.approx(one.value - two.value, abs=0.01)
    assert apart.std() < one.replicates().std() / 2


def test_texts_lead_with_words_taken_out() -> None:
    table = faithfulness(CLEAN)
    renamed = {
        name.replace(".noisy_linear.", ".removed.").replace("edges.", "rare."): values
        for name, values in table.columns.items()
        if ".mean." not in name and ".blur." not in name and ".black." not in name
    }
    found = figures("insertion_auc", evidence_of(replace(table, columns=renamed)))
    assert found[""].details["replacement"] == "removed"
    assert set(found) == {"", "baseline=random", "baseline=rare", "baseline=random_pixels"}


@pytest.mark.parametrize("name", NAMES)
def test_without_explanations_the_reason_is_given(name: str) -> None:
    bare = Evidence(CLEAN, untried={"explanations": "the inputs are not images"})
    with pytest.raises(NotApplicable, match="the inputs are not images"):
        list(measures.get(name).estimate(bare))
    nothing = {column: values * np.nan for column, values in faithfulness(CLEAN).columns.items()}
    with pytest.raises(NotApplicable, match="no item has a finite map"):
        list(measures.get(name).estimate(evidence_of(Predictions(CLEAN.ids, nothing))))


@pytest.mark.parametrize("name", NAMES)
def test_its_meaning_needs_no_paper(name: str) -> None:
    definition = measures.get(name)
    assert definition.topic == "explained"
    for word in ("AUC", "logit", "AOPC", "perturbation", "ROAD"):
        assert word not in definition.meaning
