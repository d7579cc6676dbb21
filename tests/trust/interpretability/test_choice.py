"""The most faithful method explains, unless its maps have nothing to do with the network."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetrust.core.errors import NotApplicable
from finetrust.core.predictions import Predictions
from finetrust.trust.interpretability.choice import choice_of, chosen_method, title_of

from .faithfulness.tables import choice


def changed(table: Predictions, **columns: object) -> Predictions:
    """Return the table with other values in some columns; ``a__b`` is the column ``a.b``."""
    rows = np.ones(len(table))
    new = {name.replace("__", "."): rows * value for name, value in columns.items()}
    return Predictions(table.ids, {**table.columns, **new})


def test_the_method_whose_places_matter_most_is_chosen_and_a_sentence_says_so() -> None:
    found = choice_of(choice(64, saliency=0.1, grad_cam=0.4, layer_cam=0.2))
    assert found.method == "grad_cam"
    assert list(found.gains) == ["grad_cam", "layer_cam", "saliency"]
    assert found.gains["grad_cam"] == pytest.approx(0.4)
    assert (found.n, found.rejected) == (64, ())
    assert found.sentence == (
        "Grad-CAM explains this model: of 3 methods tried on 64 validation items, it is the one whose "
        "marked places matter most to the answers."
    )


def test_a_method_that_ignores_the_weights_is_rejected_however_high_its_gain() -> None:
    table = changed(choice(20, saliency=0.9, grad_cam=0.4), saliency__weights=0.97)
    found = choice_of(table)
    assert (found.method, found.rejected) == ("grad_cam", ("saliency",))
    assert list(found.gains) == ["saliency", "grad_cam"]
    assert found.sentence.endswith(
        " Saliency was set aside: what it marks stays the same when the weights of the network are random."
    )
    both = choice_of(changed(table, grad_cam__weights=0.9))
    assert (both.method, both.rejected) == ("saliency", ("saliency", "grad_cam"))
    assert "But what it marks stays the same" in both.sentence


def test_few_items_do_not_reject_a_method() -> None:
    table = changed(choice(5, saliency=0.9, grad_cam=0.4), saliency__weights=0.97)
    assert choice_of(table).method == "saliency"


def test_of_equal_methods_the_first_of_the_table_is_taken() -> None:
    table = choice(10, layer_cam=0.3, grad_cam=0.3)
    equal = {f"grad_cam__{f}": table[f"layer_cam.{f}"] for f in ("insertion", "deletion")}
    assert choice_of(changed(table, **equal)).method == "layer_cam"


def test_a_method_does_not_win_by_saying_nothing_about_most_items() -> None:
    table = choice(20, saliency=0.3, grad_cam=0.25)
    some = np.where(np.arange(20) < 3, table["saliency.insertion"], np.nan)
    found = choice_of(changed(table, saliency__insertion=some))
    assert (found.method, found.n) == ("grad_cam", 20)
    assert found.gains["saliency"] == pytest.approx(0.3 * 3 / 20, abs=0.02)


def test_items_without_any_answer_do_not_count() -> None:
    table = choice(20, saliency=0.3, grad_cam=0.2)
    silent = np.where(np.arange(20) < 5, np.nan, 1.0)
    columns = {name: values * silent for name, values in table.columns.items()}
    found = choice_of(Predictions(table.ids, columns))
    assert (found.method, found.n) == ("saliency", 15)
    assert found.gains["saliency"] == pytest.approx(0.3)


@pytest.mark.parametrize("values", [[], [np.nan, np.nan]])
def test_without_validation_data_the_first_candidate_is_taken_unseen(values: list[float]) -> None:
    columns = {
        f"{m}.{f}": np.array(values, dtype=float)
        for m in ("grad_cam", "saliency")
        for f in ("insertion", "deletion", "weights")
    }
    found = choice_of(Predictions(np.array([str(v) for v in values], dtype=str), columns))
    assert (found.method, found.n, dict(found.gains)) == ("grad_cam", 0, {})
    assert found.sentence == (
        "Grad-CAM explains this model: it was taken unseen, as there are no validation data to compare "
        "methods on."
    )


def test_the_only_method_is_called_that() -> None:
    assert (
        "the only method that was tried, on 1 validation item."
        in choice_of(choice(1, rise=0.1)).sentence
    )


def test_a_table_without_methods_chooses_none() -> None:
    with pytest.raises(NotApplicable, match="no attribution method explains this model"):
        choice_of(Predictions(np.array(["a"]), {}))
    assert chosen_method({"corruptions": {}}) is None
    assert chosen_method({"corruptions": {}, "any": {"choice": choice()}}) == "grad_cam"


def test_methods_are_called_what_a_reader_knows_them_as() -> None:
    assert title_of("kernel_shap") == "Kernel SHAP"
    assert title_of("what_is_this") == "What is this"


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=2), st.integers(6, 40))
def test_the_chosen_method_has_the_highest_gain_of_those_that_are_not_rejected(
    gains: list[float], n: int
) -> None:
    found = choice_of(choice(n, saliency=gains[0], grad_cam=gains[1]))
    assert found.gains[found.method] == max(found.gains.values())
