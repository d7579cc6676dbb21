"""Whole detectors of torchvision: taken apart, given other classes, and fitted with weights."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torchvision.models import detection

from finetrust.core.errors import UserError
from finetrust.models.detectors.fit import fit_detector
from finetrust.models.detectors.parts import kind_of
from finetrust.models.source import sources
from finetrust.models.weights_file import read_weights

CANVAS = (64, 96)
TARGETS = [
    {"boxes": torch.tensor([[8.0, 8, 40, 40]]), "labels": torch.tensor([2])},
    {"boxes": torch.zeros(0, 4), "labels": torch.zeros(0, dtype=torch.int64)},
]
SMALL = {
    "faster r-cnn": lambda: detection.fasterrcnn_mobilenet_v3_large_320_fpn(
        weights=None, weights_backbone=None
    ),
    "ssdlite": lambda: detection.ssdlite320_mobilenet_v3_large(weights=None, weights_backbone=None),
    "fcos": lambda: detection.FCOS(
        backbone(),
        91,
        anchor_generator=detection.anchor_utils.AnchorGenerator(
            ((8,), (16,), (32,), (64,)), ((1.0,),) * 4
        ),
        score_thresh=0.001,
    ),
    "retinanet": lambda: detection.RetinaNet(
        backbone(),
        91,
        anchor_generator=detection.anchor_utils.AnchorGenerator(((8, 16, 32),) * 4, ((1.0,),) * 4),
    ),
}


def backbone() -> nn.Module:
    from torchvision.models.detection.backbone_utils import BackboneWithFPN

    body = nn.Sequential()
    for i, (a, b) in enumerate(((3, 8), (8, 8), (8, 8))):
        body.add_module(f"stage{i}", nn.Conv2d(a, b, 5, 4 if i == 0 else 2, 2))
    names = {f"stage{i}": str(i) for i in range(3)}
    return BackboneWithFPN(body, names, [8, 8, 8], 32)


def small(name: str) -> nn.Module:
    torch.manual_seed(0)
    return SMALL[name]()


def canvas(name: str) -> tuple[int, int]:
    return (320, 320) if name == "ssdlite" else CANVAS


@pytest.mark.parametrize("name", SMALL)
def test_with_other_classes_it_trains_and_finds_those_alone(name: str) -> None:
    module = small(name)
    kind = kind_of(module)
    assert kind.n_classes(module) == 90
    module = kind.with_classes(module, 3)
    assert kind.n_classes(module) == 3
    parts = kind.parts(module, canvas(name))
    images = torch.rand(2, 3, *canvas(name))
    losses = parts.head.train()(parts.features_of(parts.backbone.train()(images)), TARGETS)
    sum(losses.values()).backward()
    parameters = dict(parts.head.named_parameters())
    assert parts.class_layers
    assert all(parameters[layer].grad is not None for layer in parts.class_layers)
    with torch.no_grad():
        found = parts.head.eval()(parts.features_of(parts.backbone.eval()(images)))
    assert {int(k) for of_image in found for k in of_image["labels"]} <= {0, 1, 2}


@pytest.mark.parametrize("name", SMALL)
def test_only_its_class_layers_are_new(name: str) -> None:
    before = small(name).state_dict()
    module = small(name)
    kind = kind_of(module)
    parts = kind.parts(kind.with_classes(module, 3), canvas(name))
    after = {n.removeprefix("detector."): t for n, t in parts.head.state_dict().items()}
    layers = {n.removeprefix("detector.") for n in parts.class_layers}
    for tensor_name, tensor in after.items():
        if tensor_name in before and tensor_name not in layers:
            assert torch.equal(tensor, before[tensor_name])
    assert all(len(after[n]) < len(before[n]) for n in layers)


@pytest.mark.parametrize("name", ["faster r-cnn", "fcos", "ssdlite"])
def test_its_head_finds_what_the_detector_finds(name: str) -> None:
    module = small(name).eval()
    side = 320
    images = torch.rand(1, 3, side, side)
    module.transform.min_size, module.transform.max_size = (side,), side
    module.transform.image_mean, module.transform.image_std = [0.0] * 3, [1.0] * 3
    with torch.no_grad():
        (expected,) = module(list(images))
        parts = kind_of(module).parts(module, (side, side))
        (found,) = parts.head.eval()(parts.features_of(parts.backbone.eval()(images)))
    of_classes = {n: values[expected["labels"] > 0][:100] for n, values in expected.items()}
    assert torch.allclose(found["boxes"], of_classes["boxes"], atol=1e-3)
    assert torch.equal(found["labels"] + 1, of_classes["labels"])


@pytest.mark.parametrize("classes", [90, 4])
@pytest.mark.parametrize("name", SMALL)
def test_a_weights_file_brings_its_classes(name: str, classes: int, tmp_path: Path) -> None:
    given = small(name)
    kind = kind_of(given)
    if classes != 90:
        outputs = classes + _own_background(name)
        rows = kind.with_classes(small(name), outputs).state_dict()
    else:
        rows = given.state_dict()
    save_file({f"module.{n}": t.contiguous() for n, t in rows.items()}, tmp_path / "w.safetensors")
    torch.manual_seed(1)
    module, notes = fit_detector(SMALL[name](), kind, read_weights(tmp_path / "w.safetensors"))
    assert kind.n_classes(module) == classes
    assert all(torch.equal(t, rows[n]) for n, t in module.state_dict().items())
    assert any("module." in note for note in notes)


def _own_background(name: str) -> int:
    """torchvision's focal-loss detectors count the background among their outputs."""
    return 1 if name in ("fcos", "retinanet") else 0


def test_weights_of_another_detector_are_an_error(tmp_path: Path) -> None:
    save_file({"a.weight": torch.zeros(3, 3)}, tmp_path / "w.safetensors")
    module = small("fcos")
    with pytest.raises(UserError, match="weights for another detector: 0 of"):
        fit_detector(module, kind_of(module), read_weights(tmp_path / "w.safetensors"))


def test_the_source_knows_detectors_of_boxes_alone() -> None:
    names = sources.get("torchvision-detection").names()
    assert "fasterrcnn_resnet50_fpn_v2" in names
    assert "ssd300_vgg16" in names
    assert not [name for name in names if "mask" in name or "keypoint" in name]


def test_the_source_says_how_images_are_prepared() -> None:
    built = sources.get("torchvision-detection").build(
        "ssdlite320_mobilenet_v3_large", "random", {}
    )
    assert built.kind == "detector"
    assert (built.preprocessing.input_size, built.preprocessing.mean) == (320, (0.5, 0.5, 0.5))
    assert built.preprocessing.std == (0.5, 0.5, 0.5)


def test_unknown_weights_are_an_error() -> None:
    with pytest.raises(UserError, match=r"no weights 'COCO_V2' for fcos_resnet50_fpn.*COCO_V1"):
        sources.get("torchvision-detection").build("fcos_resnet50_fpn", "COCO_V2", {})


def test_weights_that_cannot_be_had_are_an_error_with_the_way_out() -> None:
    with pytest.raises(UserError, match=r"could not be had from https://.*--weights FILE"):
        sources.get("torchvision-detection").build(
            "ssdlite320_mobilenet_v3_large", "pretrained", {}
        )
