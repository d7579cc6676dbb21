import pytest
import torch
import torchvision
from PIL import Image
from safetensors.torch import save_file
from torch import nn

from finetrust.config import ModelOptions
from finetrust.core.errors import UserError
from finetrust.models.assemble import assemble_classifier, classifier_network
from finetrust.models.preprocessing import Preprocessing
from finetrust.models.weights_file import sha256_of_file

from .nets import SmallNet, images, with_used_statistics

PREPROCESSING = Preprocessing(32, 36, "bicubic", (0.1, 0.2, 0.3), (0.4, 0.5, 0.6))
STATED = {"mean": (0.5, 0.5, 0.5), "std": (0.5, 0.5, 0.5)}

MOBILENET = """
import timm

def build():
    net = timm.create_model("mobilenetv1_100", pad_type="same", bn_eps=1e-3, num_classes=0)
    net.blocks[4] = net.blocks[4][:1]
    return net
"""
CIFAR_RESNET = """
import torch
from torch import nn
from torch.nn import functional as F

import finetrust


class Block(nn.Module):
    def __init__(self, inside, planes, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inside, planes, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.stride, self.extra = stride, (planes - inside) // 2

    def forward(self, x):
        out = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        short = x[:, :, :: self.stride, :: self.stride]
        return F.relu(out + F.pad(short, (0, 0, 0, 0, self.extra, self.extra)))


class ResNet(nn.Module):
    def __init__(self, blocks, classes):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        inside = 16
        for stage, planes in enumerate((16, 32, 64), start=1):
            strides = [1 if stage == 1 else 2] + [1] * (blocks - 1)
            layer = []
            for stride in strides:
                layer.append(Block(inside, planes, stride))
                inside = planes
            setattr(self, f"layer{stage}", nn.Sequential(*layer))
        self.linear = nn.Linear(64, classes)

    def forward(self, x):
        out = F.relu(self.bn1(self.conv1(x)))
        out = self.layer3(self.layer2(self.layer1(out)))
        return self.linear(out.mean((2, 3)))


def build(blocks=3, classes=10):
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    return ResNet(blocks, classes), finetrust.Preprocessing(32, 32, "bilinear", mean, std)
"""


@pytest.fixture
def net():
    return with_used_statistics(SmallNet())


def outputs(assembled, batch):
    with torch.no_grad():
        return classifier_network(
            assembled.parts.backbone, assembled.parts.head, assembled.preprocessing
        ).eval()(batch)


def test_a_module_given_in_python_needs_its_preprocessing(net):
    with pytest.raises(UserError, match="preprocessing of these weights is not known"):
        assemble_classifier(ModelOptions(), net)


def test_a_module_given_in_python_predicts_as_before_under_its_preprocessing(net):
    assembled = assemble_classifier(ModelOptions(), net, PREPROCESSING)
    batch = images()
    mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in ((0.1, 0.2, 0.3), (0.4, 0.5, 0.6)))
    with torch.no_grad():
        torch.testing.assert_close(outputs(assembled, batch), net((batch / 255 - mean) / std))
    assert assembled.architecture is None
    assert assembled.provenance.source == "Python object SmallNet"


def test_a_module_given_in_python_stays_as_it_is(net):
    assembled = assemble_classifier(ModelOptions(), net, PREPROCESSING)
    with torch.no_grad():
        next(assembled.parts.backbone.parameters()).zero_()
    assert isinstance(net.fc, nn.Linear)
    assert next(net.parameters()).any()


def test_the_preprocessing_of_a_module_may_be_stated_in_full(net):
    stated = ModelOptions(input_size=48, interpolation="bicubic", **STATED)
    found = assemble_classifier(stated, net).preprocessing
    assert found == Preprocessing(48, 48, "bicubic", (0.5,) * 3, (0.5,) * 3)


@pytest.mark.parametrize("missing", ["input_size", "mean", "std"])
def test_a_preprocessing_stated_in_part_is_not_enough(net, missing):
    stated = {"input_size": 48, **STATED, missing: None}
    with pytest.raises(UserError, match="State it: --input-size 224 --mean"):
        assemble_classifier(ModelOptions(**stated), net)


def test_options_override_the_preprocessing_that_comes_along():
    options = ModelOptions(
        model="timm:test_resnet", weights="random", input_size=80, interpolation="lanczos", **STATED
    )
    found = assemble_classifier(options).preprocessing
    assert found == Preprocessing(80, 84, "lanczos", (0.5,) * 3, (0.5,) * 3)


def test_no_model_is_told():
    with pytest.raises(UserError, match="no model is given"):
        assemble_classifier(ModelOptions())


def test_a_file_of_unknown_normalisation_is_not_used_with_a_guessed_one(tmp_path):
    path = tmp_path / "mnasnet0_5-mine.pth"
    torch.save(torchvision.models.mnasnet0_5().state_dict(), path)
    options = ModelOptions(model="mnasnet0_5", weights=str(path))
    with pytest.raises(UserError, match=r"how its inputs were normalised.*--mean 0\.485,0\.456"):
        assemble_classifier(options)
    with pytest.raises(UserError, match="how its inputs were normalised"):
        assemble_classifier(options.model_copy(update={"mean": (0.5, 0.5, 0.5)}))
    assembled = assemble_classifier(options.model_copy(update=STATED))
    assert assembled.preprocessing.mean == (0.5, 0.5, 0.5)
    assert assembled.preprocessing.input_size == 224


def test_weights_for_another_architecture_are_one_clear_error(tmp_path, net):
    save_file(net.state_dict(), tmp_path / "net.safetensors")
    weights = str(tmp_path / "net.safetensors")
    with pytest.raises(UserError, match=r"another architecture: 0 of \d+ tensors fit") as caught:
        assemble_classifier(ModelOptions(model="timm:test_resnet", weights=weights, **STATED))
    assert "\n" not in str(caught.value)


def test_a_model_without_a_classifier_says_what_it_takes_as_features():
    module = SmallNet(classes=0)
    notes = assemble_classifier(ModelOptions(), module, PREPROCESSING).provenance.notes
    assert notes == ("no classifier was found; the 8 outputs are the features",)


@pytest.mark.parametrize("depth", [20, 56])
def test_the_real_cifar10_resnets_load_through_a_builder(shared, tmp_path, depth):
    (tmp_path / "cifar.py").write_text(CIFAR_RESNET)
    folder = shared / "weights-cifar10-resnet"
    weights = next(folder.glob(f"resnet{depth}-*.th"))
    options = ModelOptions(
        model=f"{tmp_path / 'cifar.py'}:build",
        weights=str(weights),
        model_args={"blocks": (depth - 2) // 6},
    )
    assembled = assemble_classifier(options)
    assert (assembled.parts.features, assembled.parts.head.out_features) == (64, 10)
    assert assembled.provenance.sha256 == sha256_of_file(weights)
    assert assembled.provenance.notes == (
        "the weights were taken from 'state_dict' in the file",
        "the prefix 'module.' of the names was removed",
    )


def test_the_real_cifar10_resnet_still_knows_cifar10(shared, tmp_path):
    (tmp_path / "cifar.py").write_text(CIFAR_RESNET)
    weights = shared / "weights-cifar10-resnet" / "resnet20-12fca82f.th"
    other_size = ModelOptions(
        model=f"{tmp_path / 'cifar.py'}:build", weights=str(weights), model_args={"classes": 3}
    )
    assembled = assemble_classifier(other_size)
    assert "the file's classifier has 10 outputs instead of 3" in assembled.provenance.notes
    classes = sorted(path.name for path in (shared / "cifar10" / "test").iterdir())
    files = [p for c in classes for p in sorted((shared / "cifar10" / "test" / c).iterdir())[:20]]
    transform = assembled.preprocessing.transform()
    batch = torch.stack([transform(Image.open(path).convert("RGB")) for path in files])
    targets = torch.tensor([classes.index(path.parent.name) for path in files])
    assert (outputs(assembled, batch).argmax(1) == targets).float().mean() > 0.8


def test_the_real_imagenet_mobilenet_loads_through_a_builder(shared, tmp_path):
    (tmp_path / "mobilenet.py").write_text(MOBILENET)
    weights = shared / "weights-imagenet-mobilenetv1" / "mobilenetv1_100_12blocks.safetensors"
    builder = ModelOptions(model=f"{tmp_path / 'mobilenet.py'}:build", weights=str(weights))
    with pytest.raises(UserError, match="preprocessing of these weights is not known"):
        assemble_classifier(builder)
    stated = builder.model_copy(update={"input_size": 96, **STATED})
    assembled = assemble_classifier(stated)
    assert assembled.parts.features == 1024
    assert assembled.parts.head is None
    assert assembled.provenance.sha256 == sha256_of_file(weights)
    assert assembled.provenance.notes == (
        "no classifier was found; the 1024 outputs are the features",
    )


def test_the_real_imagenet_mobilenet_does_not_fit_the_whole_architecture(shared):
    weights = shared / "weights-imagenet-mobilenetv1" / "mobilenetv1_100_12blocks.safetensors"
    options = ModelOptions(model="mobilenetv1_100", weights=str(weights), **STATED)
    with pytest.raises(UserError, match=r"'blocks\.4\.1\.conv_dw\.weight' is not in the file"):
        assemble_classifier(options)
