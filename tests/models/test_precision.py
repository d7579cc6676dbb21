import pytest
import torch
from torch import nn

from finetrust.models.network import Network
from finetrust.models.precision import fastest_inference
from finetrust.models.preprocessing import Preprocessing

from .nets import SmallNet, images

PREPROCESSING = Preprocessing(32, 32, "bilinear", (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("FINETRUST_CACHE", str(tmp_path))
    return tmp_path


@pytest.fixture
def network():
    return Network(SmallNet(classes=0), nn.Linear(8, 3), PREPROCESSING).eval()


def never():
    raise AssertionError("measured again")


def test_a_precision_that_was_measured_is_remembered(network):
    first = fastest_inference(network, images)
    assert fastest_inference(network, never).precision == first.precision


def test_another_network_is_measured_for_itself(network):
    fastest_inference(network, images)
    with torch.no_grad():
        network.backbone.stem[0].weight += 1
    with pytest.raises(AssertionError, match="measured again"):
        fastest_inference(network, never)


def test_a_note_that_is_broken_is_measured_again(network, cache):
    fastest_inference(network, images)
    (file,) = cache.glob("precision/*.json")
    file.write_text("broken")
    fastest_inference(network, images)
    fastest_inference(network, never)
