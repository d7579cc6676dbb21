"""Single entities, right and wrong, as coloured words."""

from pathlib import Path

import numpy as np
import pytest
import torch

from finetrust.config import TuneOptions
from finetrust.core.errors import NotApplicable
from finetrust.models.network import Network
from finetrust.tasks.tag_targets import in_one_scheme
from finetrust.tasks.task import tasks
from finetrust.tasks.token_answers import tag_predictions
from finetrust.trust.interpretability.explanation import Decisions
from finetrust.trust.interpretability.words.entity_attributions import attribute_entities
from models.tiny_encoders import bert_folder
from tasks.tagged_data import dataset_of

TEXTS = [
    [("the", "O"), ("film", "B-work"), ("two", "I-work"), ("is", "O"), ("good", "B-praise")],
    [("a", "O"), ("story", "B-work"), ("is", "O"), ("dull", "O")],
    [("very", "O"), ("bad", "O")],
]
DATA = in_one_scheme(dataset_of(TEXTS))


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Network:
    folder = bert_folder(tmp_path_factory.mktemp("model") / "bert")
    options = TuneOptions(model=f"transformers:{folder}", data="reviews")
    task = tasks.get("token-classification")
    torch.manual_seed(0)
    return task.network(task.assemble(options, DATA), DATA.classes, options).eval()


def decisions(network: Network, tags: list[str], sharpness: list[float]) -> Decisions:
    """Return decisions in which the words have these tags, text by text, more or less surely."""
    logits = [
        sure * np.eye(len(DATA.classes))[[DATA.classes.index(tag) for tag in row.split()]]
        for row, sure in zip(tags, sharpness, strict=True)
    ]
    predictions = tag_predictions(DATA, logits)
    return Decisions(network, DATA, predictions, DATA.classes, {}, 2, 0, Path("unused"))


def test_wrong_entities_are_told_with_what_is_labelled_there_the_surest_first(
    network: Network,
) -> None:
    tags = ["O B-work O O B-work", "O B-work O O", "O B-praise"]
    first, second, right = attribute_entities(decisions(network, tags, [4.0, 5.0, 6.0]))
    of_tag = np.exp(6) / (np.exp(6) + 4)
    assert first["kind"] == second["kind"] == "confident error"
    assert first["id"] == "notes.conll:2"
    assert first["caption"].startswith(
        f"'bad' taken for praise with {of_tag:.1%} confidence; labelled: no entity"
    )
    assert second["caption"].startswith("'film' taken for work")
    assert second["target"] == "work 'film two'"
    assert (right["kind"], right["target"], right["predicted"]) == (
        "random correct",
        "work",
        "work",
    )
    assert right["caption"].startswith("'story' is work, right")


def test_the_weights_are_of_the_words_of_the_text(network: Network) -> None:
    shown = attribute_entities(
        decisions(network, ["O O O O B-praise", "O O O O", "O O"], [4.0] * 3)
    )
    [right] = shown
    assert "".join(piece for piece, _ in right["tokens"]) == "the film two is good"
    assert max(abs(weight) for _, weight in right["tokens"]) == pytest.approx(1.0)


def test_where_no_entity_was_found_there_is_a_reason(network: Network) -> None:
    with pytest.raises(NotApplicable, match="found no entity"):
        attribute_entities(decisions(network, ["O O O O O", "O O O O", "O O"], [4.0] * 3))
