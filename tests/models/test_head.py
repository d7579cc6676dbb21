import pytest
import torch
from torch import nn

from finetrust.core.errors import UserError
from finetrust.models.head import copied, take_apart
from finetrust.models.source import sources

from .nets import SmallNet, Then

TORCHVISION = [
    ("densenet121", 32),
    ("efficientnet_b0", 32),
    ("googlenet", 64),
    ("mnasnet0_5", 32),
    ("mobilenet_v2", 32),
    ("mobilenet_v3_small", 32),
    ("regnet_x_400mf", 32),
    ("resnet18", 32),
    ("shufflenet_v2_x0_5", 32),
    ("squeezenet1_1", 32),
]
TORCHVISION_LARGE = [
    ("alexnet", 224),
    ("convnext_tiny", 32),
    ("inception_v3", 299),
    ("maxvit_t", 224),
    ("swin_t", 64),
    ("vgg11_bn", 224),
    ("vit_b_32", 224),
]
TIMM = [
    ("efficientvit_b0", 64),
    ("ghostnet_050", 32),
    ("hardcorenas_a", 32),
    ("mobilenetv1_100", 32),
    ("mobilenetv3_small_050", 32),
    ("mobilenetv4_conv_small_035", 32),
    ("mobilevit_xxs", 64),
    ("test_byobnet", 160),
    ("test_convnext", 160),
    ("test_mambaout", 160),
    ("test_nfnet", 160),
    ("test_resnet", 160),
    ("test_vit", 160),
    ("test_vit2", 160),
    ("tinynet_e", 32),
]
TIMM_LARGE = [
    ("coat_lite_tiny", 224),
    ("eva02_tiny_patch14_336", 336),
    ("gmlp_s16_224", 224),
    ("mixer_b32_224", 224),
    ("nfnet_f0", 64),
    ("swin_tiny_patch4_window7_224", 224),
    ("xcit_nano_12_p16_224", 224),
]
TIMM_SEVERAL_HEADS = [
    ("deit_tiny_distilled_patch16_224", 224),
    ("levit_128s", 224),
]


def build(source, name, device="cpu"):
    with torch.device(device):
        return sources.get(source).build(name, "random", {}).module.eval()


@pytest.mark.parametrize(
    ("source", "name", "size"),
    [("torchvision", *case) for case in TORCHVISION] + [("timm", *case) for case in TIMM],
)
@torch.no_grad()
def test_head_on_backbone_equals_the_classifier(source, name, size):
    module = build(source, name)
    example = torch.rand(2, 3, size, size)
    logits = module(example)
    parts = take_apart(module, size)
    features = parts.backbone(example).flatten(1)
    assert features.shape == (2, parts.features)
    torch.testing.assert_close(parts.head(features), logits.flatten(1), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("source", "name", "size"),
    [("torchvision", *case) for case in TORCHVISION_LARGE]
    + [("timm", *case) for case in TIMM_LARGE],
)
@torch.no_grad()
def test_large_classifiers_come_apart_by_their_shapes(source, name, size):
    module = build(source, name, "meta")
    parts = take_apart(module, size)
    features = parts.backbone(torch.rand(2, 3, size, size, device="meta")).flatten(1)
    assert features.shape == (2, parts.head.in_features) == (2, parts.features)
    assert parts.head.out_features == 1000


@pytest.mark.parametrize(("name", "size"), TIMM_SEVERAL_HEADS)
@torch.no_grad()
def test_a_classifier_with_several_heads_leaves_features_and_no_head(name, size):
    parts = take_apart(build("timm", name, "meta"), size)
    features = parts.backbone(torch.rand(2, 3, size, size, device="meta"))
    assert features.shape == (2, parts.features)
    assert parts.features < 1000
    assert parts.head is None


def test_a_head_of_zeros_is_found():
    net = SmallNet()
    nn.init.zeros_(net.fc.weight)
    nn.init.zeros_(net.fc.bias)
    parts = take_apart(net, 32)
    assert parts.head_name == "fc"
    assert not parts.head.weight.any()


@torch.no_grad()
def test_two_heads_of_zeros_are_not_taken_for_one():
    class TwoHeads(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = SmallNet(classes=0)
            self.first, self.second = nn.Linear(8, 5), nn.Linear(8, 5)
            for head in (self.first, self.second):
                nn.init.zeros_(head.weight)
                nn.init.zeros_(head.bias)

        def forward(self, x):
            features = self.net(x)
            return self.first(features) + self.second(features)

    net = TwoHeads().eval()
    example = torch.rand(2, 3, 32, 32)
    logits = net(example)
    parts = take_apart(net, 32)
    assert parts.head is None
    assert torch.equal(parts.backbone(example), logits)


@pytest.mark.parametrize(
    "ending",
    [
        nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(8, 5, 1)),
        nn.Sequential(nn.Conv2d(8, 5, 1), nn.AdaptiveAvgPool2d(1)),
        nn.Sequential(nn.AdaptiveAvgPool2d(4), nn.Conv2d(8, 5, 4, bias=False), nn.Flatten()),
    ],
    ids=["pool, conv", "conv, pool", "conv as large as the map"],
)
@torch.no_grad()
def test_a_convolution_as_head_becomes_a_linear_layer(ending):
    module = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), ending).eval()
    example = torch.rand(2, 3, 16, 16)
    logits = module(example).flatten(1)
    parts = take_apart(module, 16)
    assert isinstance(parts.head, nn.Linear)
    features = parts.backbone(example).flatten(1)
    torch.testing.assert_close(parts.head(features), logits, rtol=1e-4, atol=1e-4)


def test_a_module_without_a_head_is_a_backbone_as_it_is():
    parts = take_apart(SmallNet(classes=0), 32)
    assert (parts.head, parts.head_name, parts.features) == (None, "", 8)


def test_maps_are_refused_as_features():
    with pytest.raises(UserError, match=r"yields maps of \(8, 30, 30\).*ends in pooling"):
        take_apart(nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU()), 32)


@pytest.mark.parametrize("ending", [nn.Softmax(1), nn.LogSoftmax(1)])
def test_probabilities_are_refused_as_features(ending):
    with pytest.raises(UserError, match=r"ends in a softmax.*returns logits"):
        take_apart(nn.Sequential(SmallNet(), ending), 32)


@pytest.mark.parametrize("trained", [True, False])
def test_scaled_logits_do_not_hand_over_a_head_that_is_not_theirs(trained):
    net = SmallNet()
    if not trained:
        nn.init.zeros_(net.fc.weight)
        nn.init.zeros_(net.fc.bias)
    parts = take_apart(Then(net, lambda logits: logits * 100), 32)
    assert parts.head is None


def test_an_input_size_the_model_does_not_take_is_told():
    net = nn.Sequential(nn.Flatten(), nn.Linear(3 * 32 * 32, 5))
    with pytest.raises(UserError, match=r"does not accept an RGB image of 64×64 pixels.*mat1"):
        take_apart(net, 64)


@pytest.mark.parametrize(
    ("function", "found"),
    [
        (lambda x: (x, x), "tuple"),
        (lambda x: {"logits": x}, "dict"),
        (lambda x: x[:, None], r"\(2, 1, 5\)"),
        (lambda x: x.flatten(), r"\(10,\)"),
    ],
)
def test_an_output_that_is_no_logits_is_told(function, found):
    with pytest.raises(UserError, match=f"maps 2 images to {found}"):
        take_apart(Then(SmallNet(), function), 32)


def test_a_model_that_yields_no_numbers_is_told():
    with pytest.raises(UserError, match="yields NaN or infinity"):
        take_apart(Then(SmallNet(), lambda logits: logits / 0), 32)


@pytest.mark.parametrize("training", [True, False])
def test_mode_and_random_state_are_left_as_they_were(training):
    net = SmallNet().train(training)
    before, statistics = torch.get_rng_state(), net.stem[1].running_mean.clone()
    parts = take_apart(net, 32)
    assert parts.backbone.training is training
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(net.stem[1].running_mean, statistics)


def test_a_module_in_half_precision_becomes_float32():
    parts = take_apart(SmallNet().bfloat16(), 32)
    assert {p.dtype for p in (*parts.backbone.parameters(), *parts.head.parameters())} == {
        torch.float32
    }


def test_a_module_that_cannot_be_copied_is_told():
    net = SmallNet()
    net.cached = net.fc.weight * 2
    with pytest.raises(UserError, match="cannot be copied"):
        copied(net)
