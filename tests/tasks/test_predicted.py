"""Predictions stand in the order of the items, in whatever order the network was asked."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from finetrust.core.predictions import Predictions, ragged
from finetrust.data.dataset import Dataset
from finetrust.models.features import compute_features
from finetrust.models.inference import Inference
from finetrust.models.network import Network, as_they_are
from finetrust.tasks.predicted import in_order, predicted
from finetrust.tasks.task import tasks
from models.words import WordPreprocessing, WordVectors, texts_of, word_network
from trust.pixels import colour_network, dataset_of, red_and_blue_squares

LENGTHS = [5, 1, 9, 2, 1, 7, 2, 8, 1, 3]
TASK = tasks.get("classification")


@pytest.fixture(autouse=True)
def _cache(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    monkeypatch.setenv("FINETRUST_CACHE", str(tmp_path_factory.mktemp("cache")))


class OfAllWords(nn.Module):
    """Logits of a text from the sum of the vectors of its words."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 2)

    def forward(self, features: Tensor) -> Tensor:
        return self.linear(features.sum(1))


def text_network() -> Network:
    torch.manual_seed(0)
    return Network(WordVectors(), OfAllWords(), WordPreprocessing(), features_of=as_they_are).eval()


def alone(network: Network, dataset: Dataset) -> list[Tensor]:
    """Return the outputs for each item without any other beside it."""
    prepare, collate = network.preprocessing.transform(), network.preprocessing.collate
    with torch.no_grad():
        return [network(collate([prepare(dataset.inputs[i])]))[0] for i in range(len(dataset))]


@pytest.mark.parametrize("cached", [False, True])
def test_texts_that_were_asked_by_length_stand_in_their_order(cached: bool) -> None:
    dataset, network = texts_of(LENGTHS), text_network()
    if cached:
        compute_features(Inference(network), dataset, workers=0)
    found = predicted(TASK, Inference(network), dataset, workers=0)
    assert found.ids.tolist() == list(dataset.ids)
    assert found["target"].tolist() == dataset.targets.tolist()
    expected = torch.stack(alone(network, dataset)).numpy()
    np.testing.assert_allclose(found["logits"], expected, rtol=1e-5, atol=1e-6)


class EveryWord:
    """As many rows of outputs an item as it has words."""

    def predictions(self, part: Dataset, outputs: Tensor) -> Predictions:
        lengths = [len(part.inputs[i]) for i in range(len(part))]
        rows = [values[:n].numpy() for values, n in zip(outputs, lengths, strict=True)]
        return Predictions(np.array(part.ids, dtype=str), {"logits": ragged(rows)})


def test_items_with_rows_of_their_own_keep_them() -> None:
    dataset, network = texts_of(LENGTHS), word_network()
    found = predicted(EveryWord(), Inference(network), dataset, workers=0)
    assert found.ids.tolist() == list(dataset.ids)
    for of_item, expected in zip(found["logits"], alone(network, dataset), strict=True):
        np.testing.assert_allclose(of_item, expected.numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("workers", [0, 1])
def test_images_have_the_outputs_of_the_network(workers: int) -> None:
    pixels, targets = red_and_blue_squares(7)
    pixels[:, 0, 0, 1] = np.arange(7)
    dataset = dataset_of(pixels, targets, ("red", "blue"))
    digests = tuple(hashlib.sha256(dataset.inputs.content(i)).hexdigest() for i in range(7))
    inference = Inference(colour_network())
    inference.batch_size = 3
    found = predicted(TASK, inference, replace(dataset, digests=digests), workers)
    assert found.ids.tolist() == list(dataset.ids)
    assert found["target"].tolist() == targets.tolist()
    with torch.inference_mode():
        expected = colour_network()(torch.from_numpy(pixels).permute(0, 3, 1, 2)).numpy()
    np.testing.assert_allclose(found["logits"], expected, rtol=1e-4, atol=1e-4)
    assert (found["logits"].argmax(1) == targets).all()


def numbered(rows: np.ndarray) -> Predictions:
    columns = {"target": rows, "boxes": ragged([np.full((row % 3, 4), row) for row in rows])}
    return Predictions(np.array([f"item {row}" for row in rows], dtype=str), columns)


@given(st.permutations(range(12)), st.lists(st.integers(1, 11), unique=True, max_size=5))
def test_parts_in_any_order_become_one_table_in_order(order: list[int], cuts: list[int]) -> None:
    parts = np.split(np.array(order), sorted(cuts))
    table = in_order([numbered(rows) for rows in parts], parts)
    assert table.ids.tolist() == [f"item {row}" for row in range(12)]
    assert table["target"].tolist() == list(range(12))
    for row, boxes in enumerate(table["boxes"]):
        assert boxes.tolist() == [[row] * 4] * (row % 3)
