from pathlib import Path

import pytest
import torch
import torchvision

from finetrust.core.errors import UserError
from finetrust.models.source import find_architecture, load_pretrained
from finetrust.models.torchvision_segmentation_source import TorchvisionSegmentationSource

NAMES = [
    "deeplabv3_mobilenet_v3_large",
    "deeplabv3_resnet101",
    "deeplabv3_resnet50",
    "fcn_resnet101",
    "fcn_resnet50",
    "lraspp_mobilenet_v3_large",
]


def test_it_knows_all_of_torchvisions() -> None:
    assert TorchvisionSegmentationSource().names() == NAMES
    found = find_architecture("lraspp_mobilenet_v3_large", {})
    assert found.source == "torchvision-segmentation"


def test_random_weights_come_with_the_preprocessing_of_the_published_ones() -> None:
    built = TorchvisionSegmentationSource().build("lraspp_mobilenet_v3_large", "random", {})
    assert built.kind == "segmenter"
    assert built.preprocessing is not None
    assert built.preprocessing.input_size == 520
    assert built.preprocessing.mean == (0.485, 0.456, 0.406)
    assert built.provenance.source == "random"


def test_a_file_of_torchvisions_is_recognised_by_its_digits(tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    module = torchvision.models.segmentation.lraspp_mobilenet_v3_large(
        weights=None, weights_backbone=None
    )
    torch.save(module.state_dict(), path)
    _, plain = load_pretrained("lraspp_mobilenet_v3_large", str(path), {})
    assert plain.file is not None
    assert not plain.normalisation_known
    source = TorchvisionSegmentationSource()
    digits = torchvision.models.segmentation.LRASPP_MobileNet_V3_Large_Weights.DEFAULT.url
    digits = digits.rpartition("-")[2].removesuffix(".pth")
    fresh = source.build("lraspp_mobilenet_v3_large", "random", {})
    known = source.describe(fresh, path, digits + "0" * 56)
    assert known.normalisation_known
    assert known.classes[0] == "__background__"
    assert len(known.classes) == 21
    assert "COCO_WITH_VOC_LABELS_V1" in known.provenance.source


def test_an_unknown_name_of_weights_is_refused_with_the_nearest() -> None:
    with pytest.raises(UserError, match="Did you mean 'COCO_WITH_VOC_LABELS_V1'"):
        TorchvisionSegmentationSource().build("fcn_resnet50", "COCO_WITH_VOC_LABELS_V2", {})


def test_arguments_that_torchvision_would_swallow_are_refused() -> None:
    with pytest.raises(UserError, match="takes no arguments"):
        TorchvisionSegmentationSource().build("fcn_resnet50", "random", {"num_clases": 3})
