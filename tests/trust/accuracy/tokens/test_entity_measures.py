"""Measures of entities and tags, against seqeval, and where the answer is known."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from seqeval.metrics import accuracy_score, classification_report
from seqeval.scheme import IOB2

from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measures
from finetrust.core.predictions import ragged
from finetrust.trust.accuracy.intervals import wilson

from .worlds_of_tags import TAGS, random_texts, table_of, tagged, text_pairs

NAMES = (
    "entity_ece",
    "entity_f1",
    "entity_precision",
    "entity_recall",
    "macro_entity_f1",
    "token_accuracy",
    "token_ece",
)
FIGURES = {"entity_precision": "precision", "entity_recall": "recall", "entity_f1": "f1-score"}


def measured(name: str, evidence: Evidence) -> dict[str, Estimate]:
    return {estimate.subset: estimate for estimate in measures.get(name).estimate(evidence)}


@pytest.mark.filterwarnings("ignore")
@given(text_pairs())
def test_figures_are_those_of_seqeval(pair: tuple) -> None:
    true, predicted = pair
    evidence = tagged(true, predicted)
    assume(measured_or_none("entity_f1", evidence))
    report = classification_report(true, predicted, output_dict=True, zero_division=0)
    for name, figure in FIGURES.items():
        try:
            found = measured(name, evidence)
        except NotApplicable:
            assert report["micro avg"][figure] == 0
            continue
        assert found[""].value == pytest.approx(report["micro avg"][figure], abs=1e-12)
        for subset, estimate in found.items():
            if subset:
                expected = report[subset.removeprefix("type=")]
                assert estimate.value == pytest.approx(expected[figure], abs=1e-12)
                assert estimate.details["labelled"] == expected["support"]
    macro = measured("macro_entity_f1", evidence)[""].value
    assert macro == pytest.approx(report["macro avg"]["f1-score"], abs=1e-12)


@pytest.mark.filterwarnings("ignore")
@given(text_pairs())
def test_where_every_entity_is_opened_figures_are_those_of_the_strict_reading(pair: tuple) -> None:
    true, predicted = (_opened(texts) for texts in pair)
    found = measured_or_none("entity_f1", tagged(true, predicted))
    assume(found)
    report = classification_report(
        true, predicted, mode="strict", scheme=IOB2, output_dict=True, zero_division=0
    )
    assert found[""].value == pytest.approx(report["micro avg"]["f1-score"], abs=1e-12)


@given(text_pairs())
def test_the_accuracy_of_tags_is_that_of_seqeval(pair: tuple) -> None:
    true, predicted = pair
    assume(any(true))
    found = measured("token_accuracy", tagged(true, predicted))[""].value
    assert found == pytest.approx(accuracy_score(true, predicted))


@pytest.mark.parametrize("name", NAMES)
@given(text_pairs(), st.integers(0, 100))
def test_values_lie_in_their_intervals_and_order_does_not_matter(
    name: str, pair: tuple, seed: int
) -> None:
    evidence = tagged(*pair, seed=seed)
    found = measured_or_none(name, evidence)
    assume(found)
    for estimate in found.values():
        assert 0 <= estimate.ci_low <= estimate.value <= estimate.ci_high <= 1
        assert 1 <= estimate.n <= len(evidence.clean)
    order = np.random.default_rng(seed).permutation(len(evidence.clean))
    shuffled = measured(name, replace(evidence, clean=evidence.clean.take(order)))
    for subset, estimate in found.items():
        assert shuffled[subset].value == pytest.approx(estimate.value)


def test_an_entity_needs_its_type_and_both_its_ends() -> None:
    true = [["B-per", "I-per", "O", "B-loc"], ["O", "B-loc"]]
    predicted = [["B-per", "I-per", "O", "B-per"], ["B-loc", "I-loc"]]
    found = measured("entity_f1", tagged(true, predicted))
    assert found[""].value == pytest.approx(2 * 1 / (3 + 3))
    assert found[""].details == {"right": 1, "found": 3, "labelled": 3}
    assert found["type=per"].value == pytest.approx(2 / 3)
    assert found["type=loc"].value == 0


def test_perfect_tags_still_have_an_interval() -> None:
    true = [["B-per", "O"], ["B-loc", "I-loc"], ["O", "O"]]
    found = measured("entity_f1", tagged(true, true))[""]
    assert (found.value, found.ci_high) == (1.0, 1.0)
    assert found.ci_low == pytest.approx(float(wilson(2, 2)[0]))


def test_what_is_neither_labelled_nor_found_has_no_figure() -> None:
    nothing = [["O", "O"], ["O"]]
    for name, reason in (
        ("entity_f1", "no entity is labelled or found"),
        ("macro_entity_f1", "no entity is labelled or found"),
        ("entity_precision", "no entity is found"),
        ("entity_recall", "no entity is labelled"),
        ("entity_ece", "no entity is found"),
    ):
        with pytest.raises(NotApplicable, match=reason):
            measured(name, tagged(nothing, nothing))


def test_a_word_without_an_answer_is_wrong_and_no_entity() -> None:
    evidence = tagged([["B-per", "I-per"]], [["B-per", "I-per"]])
    logits = evidence.clean["tag_logits"][0].copy()
    logits[1] = np.nan
    columns = {
        **evidence.clean.columns,
        "pred_tags": ragged([np.array([2, -1])]),
        "tag_logits": ragged([logits]),
    }
    spoiled = replace(evidence, clean=replace(evidence.clean, columns=columns))
    assert measured("token_accuracy", spoiled)[""].value == 0.5
    assert measured("entity_f1", spoiled)[""].value == 0.0
    assert measured("token_ece", spoiled)[""].value < 0.2


def test_the_calibration_error_sees_overconfidence_and_the_temperature_mends_it() -> None:
    true, predicted = random_texts(400, seed=0)
    sharp = tagged(true, predicted, sharpness=9.0)
    share = measured("token_accuracy", sharp)[""].value
    assert measured("token_ece", sharp)[""].value == pytest.approx(1 - share, abs=0.01)
    assert measured("token_ece", sharp)[""].ci_low > 0.1
    logit = np.log(share / ((1 - share) / 4))
    mended = replace(sharp, calibration={"temperature": 9.0 / logit})
    found = measured("token_ece", mended)[""]
    assert found.value == pytest.approx(0, abs=0.01)
    assert found.details["before"]["count"] != found.details["after"]["count"]


def test_the_probability_of_an_entity_is_that_of_all_its_tags() -> None:
    found = measured("entity_ece", tagged([["B-per", "I-per"]], [["B-per", "I-per"]], 2.0))[""]
    of_tag = np.exp(2) / (np.exp(2) + 4)
    assert found.value == pytest.approx(1 - of_tag**2)


def test_the_gain_over_the_baseline_is_paired() -> None:
    true, predicted = random_texts(200, seed=1)
    _, worse = random_texts(200, seed=1, right=0.5)
    same = tagged(true, predicted, baseline=table_of(true, predicted))
    assert measured("gain_over_baseline_entity_f1", same)[""].value == 0
    evidence = tagged(true, predicted, baseline=table_of(true, worse))
    gain = measured("gain_over_baseline_entity_f1", evidence)[""]
    plain = measured("baseline_entity_f1", evidence)[""]
    own = measured("entity_f1", evidence)[""]
    assert gain.value == pytest.approx(own.value - plain.value)
    assert 0 < gain.ci_low < gain.value < gain.ci_high
    assert gain.ci_high - gain.ci_low < (own.ci_high - own.ci_low) + (plain.ci_high - plain.ci_low)
    with pytest.raises(NotApplicable, match="no plain model was trained"):
        measured("gain_over_baseline_entity_f1", tagged(true, predicted))


@pytest.mark.parametrize("name", ["entity_f1", "macro_entity_f1", "entity_recall"])
def test_the_interval_covers_the_true_value_at_its_rate(name: str) -> None:
    truth = measured(name, tagged(*random_texts(6_000, seed=10_000)))[""].value
    worlds = 100
    found = [measured(name, tagged(*random_texts(60, s), seed=s))[""] for s in range(worlds)]
    coverage = np.mean([e.ci_low <= truth <= e.ci_high for e in found])
    assert coverage == pytest.approx(0.95, abs=3 * (0.95 * 0.05 / worlds) ** 0.5 + 0.01)


def measured_or_none(name: str, evidence: Evidence) -> dict[str, Estimate]:
    try:
        return measured(name, evidence)
    except NotApplicable:
        return {}


def _opened(texts: list[list[str]]) -> list[list[str]]:
    """Return the texts with every entity begun by B-, as IOB2 asks for."""
    opened = []
    for text in texts:
        before = "O"
        opened.append([])
        for tag in text:
            begun = before[2:] == tag[2:] or tag == "O"
            opened[-1].append(tag if begun else f"B-{tag[2:]}")
            before = tag
    assert all(tag in TAGS for text in opened for tag in text)
    return opened
