import copy

import torch
from torch import nn

from finetrust.models.inference import Inference
from finetrust.models.memory_order import in_fast_order, in_plain_order
from finetrust.models.network import Network
from finetrust.models.preprocessing import Preprocessing

from .nets import SmallNet, images

PREPROCESSING = Preprocessing(32, 32, "bilinear", (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))


def depthwise() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.Conv2d(8, 8, 3, groups=8), nn.Conv3d(1, 1, 1), nn.Flatten()
    )


def orders(module: nn.Module) -> list[bool]:
    """Whether the weights of each convolution of images lie channels-last, and so do not lie plainly."""
    found = [layer.weight for layer in module.modules() if isinstance(layer, nn.Conv2d)]
    return [weight.is_contiguous(memory_format=torch.channels_last) for weight in found]


def test_a_network_with_depthwise_convolutions_is_put_channels_last() -> None:
    module = depthwise()
    expected = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    assert orders(module)[0] is False
    assert all(orders(in_fast_order(module)))
    assert all(torch.equal(tensor, expected[n]) for n, tensor in module.state_dict().items())
    assert module[0](images(2).float()).is_contiguous(memory_format=torch.channels_last)
    assert orders(in_plain_order(module))[0] is False


def test_a_network_without_depthwise_convolutions_stays_as_it_is() -> None:
    assert orders(in_fast_order(SmallNet())) == [False, False]


def test_features_are_the_same_and_are_found_in_the_cache() -> None:
    backbone = nn.Sequential(*depthwise()[:2], nn.AdaptiveAvgPool2d(1))
    network = Network(backbone, nn.Linear(8, 3), PREPROCESSING).eval()
    other = copy.deepcopy(network)
    in_fast_order(other)
    assert Inference(other).key == Inference(network).key
    inputs = images(4)
    torch.testing.assert_close(other(inputs), network(inputs))
