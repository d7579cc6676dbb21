import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from finetrust.data.dataset import Dataset
from finetrust.models import features as features_module
from finetrust.models.features import (
    MOST_BYTES,
    batched_inputs,
    batched_outputs,
    compute_features,
    fits,
    stored_features,
)
from finetrust.models.inference import Inference
from finetrust.models.network import Network, as_they_are
from finetrust.models.preprocessing import Preprocessing

from .nets import SmallNet, with_used_statistics
from .words import texts_of, word_network

PREPROCESSING = Preprocessing(24, 28, "bilinear", (0.4, 0.5, 0.6), (0.25, 0.25, 0.25))


class Pictures:
    """Random pictures, which count how often they are read."""

    def __init__(self, seeds):
        self.seeds, self.reads = seeds, 0

    def __len__(self):
        return len(self.seeds)

    def __getitem__(self, index):
        self.reads += 1
        pixels = np.random.default_rng(self.seeds[index]).integers(0, 256, (40, 30, 3))
        return Image.fromarray(pixels.astype(np.uint8))

    def content(self, index):
        return str(self.seeds[index]).encode()

    def location(self, index):
        return None


def dataset_of(seeds):
    inputs = Pictures(seeds)
    return Dataset(
        "pictures",
        tuple(map(str, range(len(seeds)))),
        inputs,
        np.zeros(len(seeds), np.int64),
        ("a", "b"),
        np.full(len(seeds), "train"),
        digests=tuple(hashlib.sha256(inputs.content(i)).hexdigest() for i in range(len(seeds))),
    )


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("FINETRUST_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def network():
    torch.manual_seed(0)
    backbone = with_used_statistics(SmallNet(classes=0))
    return Network(backbone, nn.Linear(8, 3), PREPROCESSING).eval()


def taken(inference, dataset):
    found = compute_features(inference, dataset, workers=0)
    return found.take(np.arange(len(dataset)))


def outputs_of(inference, dataset):
    """All outputs, in the order of the items, each of which is there once."""
    parts = list(batched_outputs(inference, dataset, workers=0))
    rows = np.concatenate([rows for rows, _, _ in parts])
    assert sorted(rows) == list(range(len(dataset)))
    return torch.cat([outputs for _, _, outputs in parts])[torch.from_numpy(np.argsort(rows))]


@torch.no_grad()
def expected_features(network, dataset):
    transform = PREPROCESSING.transform()
    return network.features(
        torch.stack([transform(dataset.inputs[i]) for i in range(len(dataset))])
    )


def test_cached_features_equal_those_of_the_network(network):
    dataset = dataset_of(range(9))
    torch.testing.assert_close(
        taken(Inference(network), dataset),
        expected_features(network, dataset),
        rtol=1e-4,
        atol=1e-5,
    )


def test_features_are_computed_once_and_read_by_later_runs(network):
    first, second = dataset_of(range(9)), dataset_of(range(9))
    computed = taken(Inference(network), first)
    assert torch.equal(taken(Inference(network), second), computed)
    assert (first.inputs.reads, second.inputs.reads) == (9, 0)


def test_only_new_inputs_are_computed_in_any_order(network):
    taken(Inference(network), dataset_of(range(5)))
    mixed = dataset_of([7, 3, 8, 0])
    found = taken(Inference(network), mixed)
    assert mixed.inputs.reads == 2
    expected = expected_features(network, dataset_of([7, 3, 8, 0]))
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_equal_inputs_are_computed_once(network):
    dataset = dataset_of([4, 4, 2, 4])
    found = taken(Inference(network), dataset)
    assert dataset.inputs.reads == 2
    assert torch.equal(found[0], found[1])
    assert torch.equal(found[0], found[3])
    assert not torch.equal(found[0], found[2])


def test_many_inputs_lie_in_several_segments(network, cache, monkeypatch):
    monkeypatch.setattr(features_module, "SEGMENT_BYTES", 4 * 8 * 4)
    monkeypatch.setattr(Preprocessing, "items_at_once", lambda self, on_cpu: 2)
    monkeypatch.setattr(features_module, "_PRELOAD_BYTES", 0)
    dataset = dataset_of(range(10))
    found = compute_features(Inference(network), dataset, workers=0)
    assert len(list(cache.glob("features/*/*"))) == 3
    rows = np.array([9, 0, 5, 5])
    expected = expected_features(network, dataset)[torch.from_numpy(rows)]
    torch.testing.assert_close(found.take(rows), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("change", ["weights", "preprocessing", "precision"])
def test_another_network_does_not_read_the_features_of_this_one(network, change):
    taken(Inference(network), dataset_of(range(3)))
    dataset = dataset_of(range(3))
    if change == "weights":
        with torch.no_grad():
            network.backbone.stem[0].weight += 1e-6
    if change == "preprocessing":
        network = Network(network.backbone, network.head, PREPROCESSING.overridden(std=(1, 1, 1)))
    taken(Inference(network.eval(), "bf16" if change == "precision" else "fp32"), dataset)
    assert dataset.inputs.reads == 3


def test_another_head_reads_the_same_features(network):
    taken(Inference(network), dataset_of(range(3)))
    dataset = dataset_of(range(3))
    other = Network(network.backbone, nn.Linear(8, 7), PREPROCESSING)
    assert outputs_of(Inference(other.eval()), dataset).shape == (3, 7)
    assert dataset.inputs.reads == 0


def test_outputs_are_the_same_from_the_cache_and_without_it(network):
    inference, dataset = Inference(network), dataset_of(range(9))
    uncached = outputs_of(inference, dataset)
    assert dataset.inputs.reads == 9
    taken(inference, dataset)
    cached = outputs_of(inference, dataset)
    assert dataset.inputs.reads == 18
    torch.testing.assert_close(cached, uncached, rtol=0, atol=1e-5)


def test_what_a_kill_left_behind_is_not_read(network, cache):
    taken(Inference(network), dataset_of(range(3)))
    (folder,) = cache.glob("features/*")
    half = folder / ".0123.abc.tmp"
    half.mkdir()
    (half / "features.npy").write_bytes(b"half")
    dataset = dataset_of(range(3))
    taken(Inference(network), dataset)
    assert dataset.inputs.reads == 0


@pytest.mark.parametrize(
    "name",
    [
        "digests.txt",
        "features.npy",
        "starts.npy",
        "layout.json",
    ],
)
def test_a_broken_segment_is_computed_again(network, cache, name):
    expected = taken(Inference(network), dataset_of(range(3)))
    (file,) = cache.glob(f"features/*/*/{name}")
    Path(file).write_bytes(b"")
    assert torch.equal(taken(Inference(network), dataset_of(range(3))), expected)


def test_a_data_set_without_digests_is_refused(network):
    dataset = dataset_of(range(3))
    taken(Inference(network), dataset)
    bare = Dataset(*(getattr(dataset, name) for name in ("name", "ids", "inputs")),
                   dataset.targets, dataset.classes, dataset.splits)  # fmt: skip
    with pytest.raises((AssertionError, ValueError)):
        compute_features(Inference(network), bare, workers=0)


def test_inputs_without_lengths_come_in_their_order(network):
    dataset = dataset_of(range(9))
    network.preprocessing = Small(24, 24, "bilinear", (0.5,) * 3, (0.5,) * 3)
    batches = list(batched_inputs(Inference(network), dataset, 0, "inputs"))
    assert [rows.tolist() for rows, _ in batches] == [[0, 1, 2, 3], [4, 5, 6, 7], [8]]
    transform = network.preprocessing.transform()
    expected = torch.stack([transform(dataset.inputs[i]) for i in range(9)])
    assert torch.equal(torch.cat([inputs for _, inputs in batches]), expected)


class Small(Preprocessing):
    """Four images at once."""

    def items_at_once(self, on_cpu):
        return 4


def test_inputs_of_like_length_come_together_each_once():
    dataset = texts_of([5, 1, 9, 2, 1, 7, 2, 8, 1, 3])
    batches = list(batched_inputs(Inference(word_network()), dataset, 0, "inputs"))
    assert [rows.tolist() for rows, _ in batches] == [[1, 4, 8, 3], [6, 9, 0, 5], [7, 2]]
    assert [inputs["ids"].shape for _, inputs in batches] == [(4, 2), (4, 7), (2, 9)]
    for rows, inputs in batches:
        for row, ids, mask in zip(rows, inputs["ids"], inputs["mask"], strict=True):
            assert ids[mask].tolist() == [len(word) for word in dataset.inputs[row]]


def one_by_one(network, dataset):
    """Features of every text, without any other text beside it."""
    prepare, collate = network.preprocessing.transform(), network.preprocessing.collate
    with torch.no_grad():
        return [
            network.features(collate([prepare(dataset.inputs[i])]))[0] for i in range(len(dataset))
        ]


@pytest.mark.parametrize("segment", [1, 1 << 20], ids=["segments", "one segment"])
@pytest.mark.parametrize("preload", [0, 1 << 20], ids=["from disk", "in memory"])
def test_texts_have_cached_features_of_their_own_words_alone(monkeypatch, segment, preload, cache):
    monkeypatch.setattr(features_module, "SEGMENT_BYTES", segment)
    monkeypatch.setattr(features_module, "_PRELOAD_BYTES", preload)
    network, dataset = word_network(), texts_of([5, 1, 9, 2, 1, 7])
    expected = one_by_one(network, dataset)
    inference = Inference(network)
    first = compute_features(inference, dataset, workers=0)
    assert len(list(cache.glob("features/*/*"))) == (2 if segment == 1 else 1)
    reads = dataset.inputs.reads
    again = compute_features(inference, dataset, workers=0)
    assert dataset.inputs.reads == reads
    for found in (first, again):
        for rows in ([0, 1, 2, 3, 4, 5], [4, 1], [3, 5, 3], [2]):
            taken = found.take(np.array(rows))
            longest = max(len(expected[row]) for row in rows)
            assert taken.shape == (len(rows), longest, 3)
            for row, of_text in zip(rows, taken, strict=True):
                n = len(expected[row])
                torch.testing.assert_close(of_text[:n], expected[row])
                assert of_text[n:].eq(0).all()


def test_stored_features_are_there_once_all_were_computed(network):
    dataset, inference = dataset_of(range(9)), Inference(network)
    digests = dataset.digests[::-1]
    assert stored_features(inference, digests) is None
    compute_features(inference, dataset.take(range(5)), workers=0)
    assert stored_features(inference, digests) is None
    found = compute_features(inference, dataset, workers=0).take(np.arange(9))
    np.testing.assert_array_equal(stored_features(inference, digests), found.numpy()[::-1])


def test_features_of_any_number_of_words_are_not_one_row_an_item():
    network, dataset = word_network(), texts_of([5, 1, 9])
    compute_features(Inference(network), dataset, workers=0)
    assert stored_features(Inference(network), dataset.digests) is None


def test_outputs_of_texts_are_the_same_from_the_cache_and_without_it():
    network, dataset = word_network(), texts_of([5, 1, 9, 2, 1, 7])

    def outputs():
        found = {}
        for rows, _, values in batched_outputs(Inference(network), dataset, workers=0):
            for row, value in zip(rows.tolist(), values, strict=True):
                assert row not in found
                found[row] = value[: len(dataset.inputs[row])]
        return [found[row] for row in range(len(dataset))]

    uncached = outputs()
    compute_features(Inference(network), dataset, workers=0)
    dataset.inputs.reads = 0
    cached = outputs()
    assert dataset.inputs.reads == len(dataset)
    for a, b, n in zip(cached, uncached, [5, 1, 9, 2, 1, 7], strict=True):
        assert a.shape == (n, 2)
        torch.testing.assert_close(a, b, rtol=0, atol=1e-6)


class Pyramid(nn.Module):
    """Maps of two sizes and of two widths."""

    def __init__(self):
        super().__init__()
        self.fine, self.coarse = nn.Conv2d(3, 4, 3, 2), nn.Conv2d(4, 6, 3, 2)

    def forward(self, images):
        fine = self.fine(images)
        return fine, self.coarse(fine)


def test_maps_of_several_sizes_come_back_from_the_cache_as_they_were():
    torch.manual_seed(0)
    network = Network(Pyramid(), nn.Linear(1, 1), PREPROCESSING, features_of=as_they_are).eval()
    dataset = dataset_of(range(5))
    expected = expected_features(network, dataset)
    inference = Inference(network)
    assert inference.bytes_per_item == 4 * (4 * 11 * 11 + 6 * 5 * 5)
    rows = np.array([3, 0, 0])
    for _ in range(2):
        found = compute_features(inference, dataset, workers=0).take(rows)
        assert type(found) is tuple
        for part, whole in zip(found, expected, strict=True):
            torch.testing.assert_close(part, whole[torch.from_numpy(rows)], rtol=1e-4, atol=1e-5)
    assert dataset.inputs.reads == 5 + 5


def test_features_that_take_too_much_room_are_neither_kept_nor_read(network, monkeypatch, cache):
    inference, dataset = Inference(network), dataset_of(range(9))
    assert inference.bytes_per_item == 4 * 8
    assert fits(inference, dataset)
    taken(inference, dataset)
    monkeypatch.setattr(features_module, "MOST_BYTES", 4 * 8 * 9 - 1)
    assert not fits(inference, dataset)
    outputs_of(inference, dataset)
    assert dataset.inputs.reads == 18
    monkeypatch.setattr(features_module, "MOST_BYTES", 4 * 8 * 9)
    outputs_of(inference, dataset)
    assert dataset.inputs.reads == 18
    assert MOST_BYTES >= 1 << 30
