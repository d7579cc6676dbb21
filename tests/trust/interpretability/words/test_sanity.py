"""Are explanations of texts to be believed: weights drawn anew, harmless changes, one another."""

import numpy as np
import pytest

from finetrust.core.predictions import Predictions
from finetrust.models.network import Network
from finetrust.models.text_preprocessing import TextPreprocessing
from finetrust.trust.interpretability.agreement import order_kept
from finetrust.trust.interpretability.words.alike import compared, described
from finetrust.trust.interpretability.words.harmless import CHANGES, changed, same_words
from finetrust.trust.interpretability.words.neighbours import distances, neighbours
from finetrust.trust.interpretability.words.sanity_trial import WordSanity
from finetrust.trust.interpretability.words.trial import WordExplanations
from finetrust.trust.interpretability.words.worded import worded
from finetrust.trust.trials.bench import Bench

from .readers import bag, bench_of, dataset_of, reader_of, reading
from .test_trial import SPELLING, reviews

METHODS = ("integrated_gradients", "occlusion", SPELLING)


@pytest.fixture(scope="module")
def preprocessing(tmp_path_factory: pytest.TempPathFactory) -> TextPreprocessing:
    return reading(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def network(preprocessing: TextPreprocessing) -> Network:
    return bag(preprocessing)


@pytest.fixture(scope="module")
def tables(network: Network) -> dict[str, Predictions]:
    test, val, train = (
        reviews(split, 40, seed=i) for i, split in enumerate(("test", "val", "train"))
    )
    return held(bench_of(network, test, val, train, attributions=METHODS))


def held(bench: Bench) -> dict[str, Predictions]:
    for name, trial in (("word_explanations", WordExplanations()), ("word_sanity", WordSanity())):
        bench.found[name] = {}
        for step in trial.plan(bench):
            bench.found[name][step.name] = step.run()
    return bench.found["word_sanity"]


def test_the_columns_are_those_that_measures_read(tables: dict[str, Predictions]) -> None:
    sanity, agreement = tables["sanity"], tables["agreement"]
    figures = {
        *(f"weights-{stage}" for stage in (1, 2)),
        *(f"absolute-{stage}" for stage in (1, 2)),
        *("entropy", "gini", "labels", "judged", "moved", "sensitivity_max", "sensitivity_mean"),
        *(f"harmless-{change}" for change in CHANGES),
    }
    expected = {f"{method}.{figure}" for method in METHODS for figure in figures}
    expected |= {"integrated_gradients.completeness", *(f"answer-{change}" for change in CHANGES)}
    assert set(sanity.columns) == expected
    pairs = ["integrated_gradients|occlusion", f"integrated_gradients|{SPELLING}"]
    pairs.append(f"occlusion|{SPELLING}")
    assert set(agreement.columns) == {
        f"{p}.{figure}" for p in pairs for figure in ("rank", "top", "compared")
    }


def test_an_explanation_of_the_text_stays_as_the_weights_are_drawn_anew(
    tables: dict[str, Predictions],
) -> None:
    table = tables["sanity"]
    for stage in (1, 2):
        of_text = table[f"{SPELLING}.weights-{stage}"]
        assert (of_text[np.isfinite(of_text)] == 1).all()
    of_network = table["integrated_gradients.weights-2"]
    known = of_network[np.isfinite(of_network)]
    assert len(known) >= 6
    assert known.mean() < 0.5


def test_a_text_of_few_words_has_no_order(tables: dict[str, Predictions]) -> None:
    table, data = tables["sanity"], reviews("test", 40)
    judged = table[f"{SPELLING}.judged"].astype(bool)
    few = np.array([len(data.inputs[data.ids.index(i)].split()) < 4 for i in table.ids])
    assert (np.isnan(table[f"{SPELLING}.weights-1"]) == (few | ~judged)).all()
    assert few.any()
    assert not table["integrated_gradients.judged"][few].any()


def test_integrated_gradients_of_a_linear_network_add_up(tables: dict[str, Predictions]) -> None:
    errors = tables["sanity"]["integrated_gradients.completeness"]
    assert np.nanmax(errors) < 1e-2


def test_what_the_tokenizer_does_not_see_alters_nothing(tables: dict[str, Predictions]) -> None:
    """The tiny tokenizer knows no capitals and no doubled spaces, but a full stop."""
    table = tables["sanity"]
    assert np.isnan(table["answer-spaces"]).all()
    assert np.isnan(table["answer-lower_case"]).all()
    assert np.isnan(table["occlusion.harmless-spaces"]).all()
    assert np.isin(table["answer-full_stop"], (0, 1)).all()
    moved = table["occlusion.moved"].astype(bool)
    told = np.isfinite(table[f"{SPELLING}.harmless-full_stop"])
    assert told[moved & (table["answer-full_stop"] == 1)].any()


def test_where_a_change_changes_the_answer_explanations_are_not_compared(
    preprocessing: TextPreprocessing,
) -> None:
    """The network reads a full stop as the worst that there is."""
    network = reader_of(preprocessing, 1, **{"good": 4.0, ".": -40.0})
    data = dataset_of(["a very good film", "the good plot is good"], [1, 1])
    table = held(bench_of(network, data, attributions=["occlusion"]))["sanity"]
    assert table["answer-full_stop"].tolist() == [0, 0]
    assert np.isnan(table["occlusion.harmless-full_stop"]).all()
    assert table["answer-quotes"].tolist() == [1, 1]
    assert np.isfinite(table["occlusion.harmless-quotes"]).all()


def test_methods_that_say_the_same_agree(tables: dict[str, Predictions]) -> None:
    table = tables["agreement"]
    close = np.nanmean(table["integrated_gradients|occlusion.rank"])
    far = np.nanmean(table[f"integrated_gradients|{SPELLING}.rank"])
    assert close > 0.9
    assert far < 0.5


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("full_stop", "a good film", "a good film."),
        ("full_stop", "a good film?! ", "a good film"),
        ("quotes", "a good film", '"a good film"'),
        ("spaces", "a good film", "a  good  film"),
        ("lower_case", "A good FILM", "a good film"),
    ],
)
def test_harmless_changes(name: str, text: str, expected: str) -> None:
    assert changed(text, name) == expected
    assert changed((text, text), name) == (expected, expected)


def test_words_are_found_again(preprocessing: TextPreprocessing) -> None:
    one = worded(preprocessing, "The plot is not the plot.")
    two = worded(preprocessing, '"the plot is, not the PLOT"')
    a, b = same_words(one, two)
    assert [one.words[i].lower() for i in a] == [two.words[i].lower() for i in b]
    assert a.tolist() == [0, 1, 2, 3, 4, 5]
    assert b.tolist() == [1, 2, 3, 5, 6, 7]


def test_neighbours_differ_by_one_word(preprocessing: TextPreprocessing) -> None:
    """Where no capitals are known, by a comma after it."""
    text = worded(preprocessing, "the good film is fine ")
    found = neighbours(preprocessing, text, seed=1)
    assert len(found) == 5
    assert {other.words.count(",") for other in found} == {1}
    assert len({other.text for other in found}) == 5
    pair = worded(preprocessing, ("good film", "bad"))
    assert all(len(other.text) == 2 for other in neighbours(preprocessing, pair, seed=1))


def test_neighbours_have_another_casing_where_it_is_seen(preprocessing: TextPreprocessing) -> None:
    written = preprocessing.tokenizer_json.replace('"Lowercase"', '"NFC"')
    cased = TextPreprocessing(written, 64)
    found = neighbours(cased, worded(cased, "good film"), seed=1)
    assert {other.text for other in found} == {"GOOD film", "good FILM"}


def test_distances_are_relative_to_the_length_of_the_explanation(
    preprocessing: TextPreprocessing,
) -> None:
    text, other = (worded(preprocessing, t) for t in ("good film", "good, film"))
    maps = [np.array([3.0, 9.0, 9.0])]
    [found] = distances(text, np.array([3.0, 4.0]), [other], maps)
    assert found == pytest.approx(5 / 5)
    assert np.isnan(distances(text, np.zeros(2), [other], maps)).all()


def test_explanations_are_compared_text_by_text() -> None:
    one = [np.arange(5.0), np.arange(3.0), np.empty(0), np.array([1, 2, np.nan, 4, 5])]
    two = [-np.arange(5.0), np.arange(3.0), np.empty(0), np.arange(5.0)]
    found = compared(order_kept, one, two)
    assert found[0] == pytest.approx(-1)
    assert np.isnan(found[1:]).all()
    assert np.isnan(described(lambda maps: maps.sum(dim=(1, 2)), one)[2])
