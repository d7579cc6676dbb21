"""What a model that tags words answers."""

import numpy as np
import pytest
import torch
from seqeval.metrics import f1_score

from finetrust.tasks.token_answers import (
    decoded_entities,
    entities_line,
    judged_tags,
    tag_figures,
    tag_predictions,
)
from finetrust.tasks.token_samples import PADDING

from .tagged_data import with_tags

CLASSES = ("O", "B-loc", "B-per", "I-loc", "I-per")


def logits_for(*rows: str) -> torch.Tensor:
    """Return logits (n, longest, tags) that decide for these tags."""
    texts = [row.split() for row in rows]
    logits = torch.zeros(len(texts), max(map(len, texts)), len(CLASSES))
    for i, text in enumerate(texts):
        for j, tag in enumerate(text):
            logits[i, j, CLASSES.index(tag)] = 4.0
    return logits


def targets_for(*rows: str) -> torch.Tensor:
    return torch.where(
        (found := logits_for(*rows)).amax(-1) > 0, found.argmax(-1), torch.tensor(PADDING)
    )


def test_the_figures_of_validation_are_those_of_seqeval() -> None:
    true = ["B-per I-per O", "O", "B-loc I-loc B-loc O"]
    predicted = ["B-per I-per O", "B-loc", "B-loc O B-loc O"]
    judged = [
        judged_tags(logits_for(*predicted[:2]), targets_for(*true[:2])),
        judged_tags(logits_for(predicted[2]), targets_for(true[2])),
    ]
    found = tag_figures(judged, CLASSES)
    expected = f1_score([t.split() for t in true], [p.split() for p in predicted])
    assert found["entity_f1"] == pytest.approx(expected)
    assert found["token_accuracy"] == pytest.approx(6 / 8)
    right, wrong = -np.log(np.exp(4) / (np.exp(4) + 4)), -np.log(1 / (np.exp(4) + 4))
    assert found["loss"] == pytest.approx((6 * right + 2 * wrong) / 8)


def test_predictions_end_with_the_words_of_each_text() -> None:
    data = with_tags("B-loc O", "B-per I-per O")
    logits = logits_for("B-per O O", "B-loc O O").numpy()
    logits[1, 1, 0] = np.nan
    found = tag_predictions(data, logits)
    assert [row.tolist() for row in found["pred_tags"]] == [[2, 0], [1, -1, 0]]
    assert [row.shape for row in found["tag_logits"]] == [(2, 5), (3, 5)]
    assert found["tag_logits"][0].dtype == np.float32
    assert found["true_tags"][0].tolist() == data.targets[0].tolist()


def test_entities_are_told_with_their_place_and_probability() -> None:
    text = "we  met Ann Lee, in Rome"
    tags = "O O B-per I-per O O B-loc"
    [answer] = decoded_entities(logits_for(tags), [text], CLASSES, {"temperature": 2.0})
    of_tag = np.exp(2) / (np.exp(2) + 4)
    person, place = answer["entities"]
    of_person, of_place = person.pop("probability"), place.pop("probability")
    assert person == {"type": "per", "text": "Ann Lee", "start": 8, "end": 15}
    assert place == {"type": "loc", "text": "Rome", "start": 20, "end": 24}
    assert (of_person, of_place) == pytest.approx((of_tag**2, of_tag))


def test_entities_are_told_on_one_line() -> None:
    [answer] = decoded_entities(logits_for("B-per I-per O B-loc"), ["Ann Lee in Rome"], CLASSES, {})
    of_tag = np.exp(4) / (np.exp(4) + 4)
    assert entities_line(answer) == f"Ann Lee (per, {of_tag**2:.1%}); Rome (loc, {of_tag:.1%})"


def test_places_in_words_are_counted_with_single_spaces_between_them() -> None:
    [answer] = decoded_entities(logits_for("O B-loc I-loc"), [("in", "New", "York")], CLASSES, {})
    [entity] = answer["entities"]
    assert (entity["text"], entity["start"], entity["end"]) == ("New York", 3, 11)


def test_a_text_without_entities_and_one_without_an_answer_are_told_so() -> None:
    logits = logits_for("O O", "O O")
    logits[1, 1, 2] = float("inf")
    nothing, broken = decoded_entities(logits, [("a", "b"), ("a", "b")], CLASSES, {})
    assert nothing == {"entities": []}
    assert entities_line(nothing) == "no entity"
    assert broken == {"error": "the model returned NaN or infinity"}
