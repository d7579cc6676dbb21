"""Which method explains a text classifier, and is it faithful: networks that read words that are known."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from finetrust.config import EvaluateOptions
from finetrust.core.errors import NotApplicable, UserError
from finetrust.core.predictions import Predictions
from finetrust.data.dataset import Dataset
from finetrust.models.network import Network
from finetrust.models.text_preprocessing import TextPreprocessing
from finetrust.tasks.task import tasks
from finetrust.trust.accuracy.intervals import bootstrap_mean
from finetrust.trust.interpretability.choice import choice_of
from finetrust.trust.interpretability.words.method import ExplainedTexts, word_methods
from finetrust.trust.interpretability.words.trial import WordExplanations
from finetrust.trust.interpretability.words.worded import Worded
from finetrust.trust.trials.bench import Bench
from finetrust.trust.trials.trial import Step
from tasks.tiny_texts import GOOD, films

from .readers import TASK, bench_of, dataset_of, reader_of, reading

SPELLING = "spelling"


class ByLength:
    """An explanation that knows only the text: longer words first."""

    title = "Length of the words"
    reference = "none"
    signed = False
    effort = "only by name"

    def passes(self, words: int) -> tuple[int, int]:
        return 0, 0

    def applies(self, explained: ExplainedTexts, example: object) -> None: ...

    def promised(self, *given: object) -> None: ...

    def __call__(
        self, explained: ExplainedTexts, texts: Sequence[Worded], targets: torch.Tensor
    ) -> list[np.ndarray]:
        return [np.array([len(word) + i / 100 for i, word in enumerate(t.words)]) for t in texts]


word_methods.add(SPELLING, ByLength())


def reviews(split: str, n: int = 60, seed: int = 0) -> Dataset:
    texts = [text for text, _ in films(n, seed)]
    return dataset_of(texts, [int(set(text.split()) & set(GOOD) != set()) for text in texts], split)


@pytest.fixture(scope="module")
def preprocessing(tmp_path_factory: pytest.TempPathFactory) -> TextPreprocessing:
    return reading(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def network(preprocessing: TextPreprocessing) -> Network:
    """It reads the telling words and nothing else."""
    telling = {"good": 4, "great": 4, "bright": 4, "happy": 4, "fine": 4}
    others = {"bad": -4, "awful": -4, "dull": -4, "boring": -4, "sad": -4}
    return reader_of(preprocessing, 1, **telling, **others)


def held(bench: Bench) -> dict[str, Predictions]:
    """Hold the trial, as an evaluation does."""
    found: dict[str, Predictions] = {}
    bench.found["word_explanations"] = found
    for step in WordExplanations().plan(bench):
        found[step.name] = step.run()
    return found


@pytest.fixture(scope="module")
def tables(network: Network) -> dict[str, Predictions]:
    test, val, train = (reviews(split, seed=i) for i, split in enumerate(("test", "val", "train")))
    names = ["integrated_gradients", "occlusion", SPELLING]
    return held(bench_of(network, test, val, train, attributions=names, effort="standard"))


def test_the_tables_have_the_columns_that_measures_read(tables: dict[str, Predictions]) -> None:
    choice, faithfulness = tables["choice"], tables["faithfulness"]
    assert len(choice) == 60
    assert set(choice.columns) == {
        f"{method}.{figure}"
        for method in ("integrated_gradients", "occlusion", SPELLING)
        for figure in ("insertion", "deletion", "weights")
    }
    kinds = ("explanation", "random", "rare")
    figures = ("insertion", "deletion", "comprehensiveness", "sufficiency")
    assert set(faithfulness.columns) == {
        *(f"{k}.{way}.{f}" for k in kinds for way in ("removed", "mask") for f in figures),
        *(f"{k}.infidelity" for k in kinds),
    }
    assert len(faithfulness) == 60
    assert all(np.isfinite(values).all() for values in faithfulness.columns.values())


def test_an_explanation_of_the_text_alone_is_rejected(tables: dict[str, Predictions]) -> None:
    chosen = choice_of(tables["choice"])
    assert chosen.rejected == (SPELLING,)
    assert chosen.method in ("integrated_gradients", "occlusion")
    assert chosen.gains[chosen.method] > chosen.gains[SPELLING] + 0.05


@pytest.mark.parametrize("way", ["removed", "mask"])
def test_the_words_that_are_read_are_better_than_words_at_random(
    way: str, tables: dict[str, Predictions]
) -> None:
    table = tables["faithfulness"]

    def gain(kind: str) -> np.ndarray:
        return table[f"{kind}.{way}.insertion"] - table[f"{kind}.{way}.deletion"]

    low, _ = bootstrap_mean(gain("explanation") - gain("random"), seed=0)
    assert low > 0.05
    more = table[f"explanation.{way}.comprehensiveness"] - table[f"random.{way}.comprehensiveness"]
    assert bootstrap_mean(more, seed=0)[0] > 0.05
    less = table[f"random.{way}.sufficiency"] - table[f"explanation.{way}.sufficiency"]
    assert bootstrap_mean(less, seed=0)[0] > 0.05
    missed = table["random.infidelity"] - table["explanation.infidelity"]
    assert bootstrap_mean(missed, seed=0)[0] > 0.1


def test_the_figures_are_those_of_the_text_without_the_word_that_is_read(
    network: Network, tables: dict[str, Predictions]
) -> None:
    """Without its one telling word the answer is even; every rationale of a short text holds it."""
    table, data = tables["faithfulness"], reviews("test")
    encode = network.preprocessing.transform()
    for row, id_ in enumerate(table.ids):
        text = data.inputs[data.ids.index(id_)]
        with torch.no_grad():
            logits = network(network.preprocessing.collate([encode(text)]))
        drop = float(logits.softmax(1).max()) - 0.5
        found = table["explanation.removed.comprehensiveness"][row]
        assert found == pytest.approx(drop, abs=1e-5)


def test_without_training_data_nothing_is_rare(network: Network) -> None:
    bench = bench_of(network, reviews("test", 8), attributions=["input_x_gradient"])
    found = held(bench)
    assert not any(name.startswith("rare") for name in found["faithfulness"].columns)
    assert not any(".mask." in name for name in found["faithfulness"].columns), "effort quick"
    assert len(found["choice"]) == 0
    assert choice_of(found["choice"]).method == "input_x_gradient"


def test_texts_without_words_and_long_ones_have_no_figure(network: Network) -> None:
    data = dataset_of(["", "a good film", "good " * 1100], [0, 1, 1])
    table = held(bench_of(network, data, data, attributions=["occlusion"]))["faithfulness"]
    for values in table.columns.values():
        assert np.isfinite(values[table.ids == "test 1"]).all()
        assert np.isnan(values[table.ids != "test 1"]).all()


def test_the_told_cost_is_what_is_passed(network: Network) -> None:
    test, val = reviews("test", 12), reviews("val", 12, 1)
    bench = bench_of(network, test, val, attributions=["integrated_gradients"])
    counted = {"forward": 0, "backward": 0}

    def count(module: object, inputs: tuple, output: torch.Tensor) -> None:
        kind = "backward" if output.requires_grad else "forward"
        counted[kind] += len(output)

    network.register_forward_hook(count)
    bench.inference.head.register_forward_hook(count)
    bench.found["word_explanations"] = {}
    step: Step
    for step in WordExplanations().plan(bench):
        counted.update(forward=0, backward=0)
        bench.found["word_explanations"][step.name] = step.run()
        assert 0.5 * step.forward <= counted["forward"] <= 1.1 * step.forward
        assert 0.5 * step.backward <= counted["backward"] <= 1.1 * step.backward


def test_names_of_methods_are_checked_for_texts_only() -> None:
    options = EvaluateOptions.model_validate({"attributions": ["grad_cam"]})
    with pytest.raises(UserError, match="unknown attribution of words 'grad_cam'"):
        WordExplanations().check(options, TASK)
    WordExplanations().check(options, tasks.get("classification"))


def test_what_is_no_text_is_a_reason(network: Network) -> None:
    bench = bench_of(network, reviews("test", 4))
    strange = {**bench.clean.columns, "logits": bench.clean["logits"] * np.nan}
    silent = Bench(
        TASK, network, bench.inference, bench.dataset, Predictions(bench.clean.ids, strange)
    )
    with pytest.raises(NotApplicable, match="an answer about no item"):
        WordExplanations().plan(silent)


def test_it_is_held_and_shown_in_an_evaluation(tmp_path: Path) -> None:
    """End to end: a tiny encoder is tuned and evaluated; the report's words are by the chosen method."""
    from tasks.tiny_texts import data, tuned

    rates = {"learning_rate": 1e-2, "backbone_learning_rate": 1e-2, "layer_decay": 1.0}
    run = tuned(tmp_path, data=data(tmp_path, 80), strategy="full", epochs=4, **rates)
    profile = run.evaluate(
        quiet=True, trial_items=6, pictures=2, trials=["word_explanations", "word_sanity"]
    )
    home = run.path / "predictions" / "test"
    choice = Predictions.load(home / "word_explanations" / "choice.parquet")
    chosen = choice_of(choice).method
    assert len(choice) == 6
    shown = [p for p in profile.pictures if p["kind"] in ("confident error", "random correct")]
    assert shown
    assert {p["method"] for p in shown} == {chosen}
    assert {p["method_title"] for p in shown} == {word_methods.get(chosen).title}
    sanity = Predictions.load(home / "word_sanity" / "sanity.parquet")
    assert np.isfinite(sanity[f"{chosen}.weights-4"]).any()
    agreement = Predictions.load(home / "word_sanity" / "agreement.parquet")
    assert "integrated_gradients|occlusion.rank" in agreement
