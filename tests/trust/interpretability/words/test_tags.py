"""Explanations of the tags of words, by a network that reads each word alone."""

import numpy as np
import pytest
import torch
from torch import nn

from finetrust.config import EvaluateOptions
from finetrust.core.errors import NotApplicable
from finetrust.core.predictions import Predictions
from finetrust.models.inference import Inference
from finetrust.models.network import Network, as_they_are
from finetrust.models.text_encoder import TextEncoder
from finetrust.tasks.predicted import predicted
from finetrust.tasks.tag_targets import in_one_scheme
from finetrust.tasks.task import tasks
from finetrust.trust.interpretability.choice import choice_of
from finetrust.trust.interpretability.words.answers import answers_of
from finetrust.trust.interpretability.words.sanity_trial import WordSanity
from finetrust.trust.interpretability.words.trial import WordExplanations
from finetrust.trust.trials.bench import Bench
from tasks.tagged_data import dataset_of

from .readers import Embeddings, reading

TASK = tasks.get("token-classification")
TEXTS = [
    [("the", "O"), ("film", "B-work"), ("two", "O"), ("is", "O"), ("good", "B-praise")],
    [("a", "O"), ("story", "O"), ("is", "O"), ("dull", "O"), ("and", "O"), ("fine", "B-praise")],
    [("very", "O"), ("bad", "O")],
    [("this", "O"), ("movie", "O"), ("was", "O"), ("a", "O"), ("film", "B-work")],
]
DATA = in_one_scheme(dataset_of(TEXTS))
SURE = {"film": ("B-work", 6.0), "good": ("B-praise", 4.0), "fine": ("B-praise", 4.0)}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    preprocessing = reading(tmp_path_factory.mktemp("model"), words=True)
    tokens, n = preprocessing.tokenizer, len(DATA.classes)
    network = Network(
        TextEncoder(Embeddings(tokens.get_vocab_size(), n), "words"), nn.Linear(n, n),
        preprocessing, features_of=as_they_are,
    ).eval()  # fmt: skip
    with torch.no_grad():
        network.head.weight.copy_(torch.eye(n))
        network.head.bias.zero_()
        table = network.backbone.encoder.table.weight
        table.zero_()
        table[:, DATA.classes.index("O")] = 2.0
        for word, (tag, sure) in SURE.items():
            table[tokens.token_to_id(word), DATA.classes.index(tag)] = sure
    inference = Inference(network)
    clean = predicted(TASK, inference, DATA, 0)
    options = EvaluateOptions.model_validate(
        {"workers": 0, "attributions": ["integrated_gradients", "occlusion"]}
    )
    return Bench(
        TASK, network, inference, DATA, clean, DATA.classes, options=options,
        find_validation=lambda: DATA, find_training=lambda: DATA,
    )  # fmt: skip


def test_the_surest_entity_of_each_text_is_explained(bench: Bench) -> None:
    rows, targets = answers_of(bench).targets(bench.clean, bench.classes)
    assert rows.tolist() == [0, 1, 3]
    assert targets[:, 0].tolist() == [1, 5, 4]
    assert [DATA.classes[tag] for tag in targets[:, 1]] == ["B-work", "B-praise", "B-work"]


def test_the_word_itself_is_what_its_tag_rests_on(bench: Bench) -> None:
    bench.found["word_explanations"] = found = {}
    for step in WordExplanations().plan(bench):
        found[step.name] = step.run()
    assert choice_of(found["choice"]).n == 3
    table: Predictions = found["faithfulness"]
    assert not any(".removed." in name for name in table.columns)
    sure = [SURE[word][1] for word in ("film", "fine", "film")]
    n = len(DATA.classes)
    whole = [np.exp(s) / (np.exp(s) + np.exp(2) + n - 2) for s in sure]
    masked = 1 / (np.exp(2) + n - 1)
    drop = table["explanation.mask.comprehensiveness"]
    np.testing.assert_allclose(drop, np.array(whole) - masked, atol=1e-5)
    np.testing.assert_allclose(table["explanation.mask.sufficiency"], 0, atol=1e-5)
    np.testing.assert_allclose(table["explanation.infidelity"], 0, atol=1e-6)


def test_harmless_changes_of_tagged_words_are_a_reason(bench: Bench) -> None:
    with pytest.raises(NotApplicable, match="the tag of a word"):
        WordSanity().plan(bench)
