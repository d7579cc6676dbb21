import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from finetrust.data.dataset import Dataset
from finetrust.models import features as features_module
from finetrust.models.features import compute_features, network_outputs
from finetrust.models.inference import Inference
from finetrust.models.network import Network
from finetrust.models.preprocessing import Preprocessing

from .nets import SmallNet, with_used_statistics

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
    monkeypatch.setattr(features_module, "SEGMENT_ITEMS", 4)
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
    assert network_outputs(Inference(other.eval()), dataset, workers=0).shape == (3, 7)
    assert dataset.inputs.reads == 0


def test_outputs_are_the_same_from_the_cache_and_without_it(network):
    inference, dataset = Inference(network), dataset_of(range(9))
    uncached = network_outputs(inference, dataset, workers=0)
    assert dataset.inputs.reads == 9
    taken(inference, dataset)
    cached = network_outputs(inference, dataset, workers=0)
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
