"""torchvision's whole detectors: Faster R-CNN, RetinaNet, FCOS, SSD and SSDLite."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from torch import Tensor, nn
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor
from torchvision.models.detection.fcos import FCOS
from torchvision.models.detection.generalized_rcnn import GeneralizedRCNN
from torchvision.models.detection.retinanet import RetinaNet
from torchvision.models.detection.ssd import SSD

from finetrust.models.detectors.canvas_head import CanvasHead
from finetrust.models.detectors.parts import DetectorParts, detector_kinds
from finetrust.models.preprocessing import Preprocessing

_PRIOR = 0.01


class TorchvisionFamily:
    """Detectors of torchvision.models.detection, by their class."""

    def accepts(self, module: nn.Module) -> bool:
        known = isinstance(module, (FCOS, RetinaNet, SSD))
        return known or (isinstance(module, GeneralizedRCNN) and not _has_more_than_boxes(module))

    def n_classes(self, module: Any) -> int:
        if isinstance(module, GeneralizedRCNN):
            return module.roi_heads.box_predictor.cls_score.out_features - 1
        if isinstance(module, SSD):
            return module.head.classification_head.num_columns - 1
        return module.head.classification_head.num_classes - _first_label(module)

    def preprocessing(self, module: Any) -> Preprocessing:
        own = module.transform
        shorter, longer = min(own.min_size), own.max_size
        if own.fixed_size is not None:
            shorter, longer = min(own.fixed_size), max(own.fixed_size)
        return Preprocessing(
            longer, shorter, "bilinear", tuple(own.image_mean), tuple(own.image_std)
        )

    def is_square(self, module: Any) -> bool:
        return module.transform.fixed_size is not None

    def with_classes(self, module: Any, classes: int) -> nn.Module:
        if isinstance(module, GeneralizedRCNN):
            features = module.roi_heads.box_predictor.cls_score.in_features
            module.roi_heads.box_predictor = FastRCNNPredictor(features, classes + 1)
        elif isinstance(module, SSD):
            _renew_scores_of_ssd(module.head.classification_head, classes + 1)
        else:
            _renew_logits(module.head.classification_head, classes)
            module.has_background = False
        return module

    def with_class_layers_of(self, module: Any, tensors: Mapping[str, Tensor]) -> nn.Module:
        name = next(name for name in _class_layers(module) if name.endswith("weight"))
        rows = len(tensors[name]) if name in tensors else 0
        if not rows or rows == _rows(module, name):
            return module
        if isinstance(module, GeneralizedRCNN):
            return self.with_classes(module, rows - 1)
        head = module.head.classification_head
        if isinstance(module, SSD):
            return self.with_classes(module, rows * head.num_columns // _rows(module, name) - 1)
        _renew_logits(head, rows // head.num_anchors)
        return module

    def parts(self, module: Any, canvas: tuple[int, int]) -> DetectorParts:
        first = _first_label(module)
        names = frozenset(f"detector.{name}" for name in _class_layers(module))
        backbone = module.backbone
        body, neck = (
            (backbone.body, backbone.fpn) if hasattr(backbone, "fpn") else (backbone, nn.Identity())
        )
        body.requires_grad_(True)
        head = CanvasHead(module, neck, canvas, first)
        return DetectorParts(body, head, _maps, names)


detector_kinds.add("torchvision", TorchvisionFamily())


def _maps(output: dict[str, Tensor]) -> tuple[Tensor, ...]:
    return tuple(output.values())


def _has_more_than_boxes(module: Any) -> bool:
    return module.roi_heads.has_mask() or module.roi_heads.has_keypoint()


def _first_label(module: Any) -> int:
    """Return the label of class 0: 1, but for focal-loss detectors with a class layer of ours."""
    return 1 if getattr(module, "has_background", True) else 0


def _class_layers(module: Any) -> Iterator[str]:
    if isinstance(module, GeneralizedRCNN):
        found = [("roi_heads.box_predictor", module.roi_heads.box_predictor)]
    elif isinstance(module, SSD):
        found = [
            (f"head.classification_head.module_list.{name}", layer)
            for name, layer in _last_convolutions(module.head.classification_head)
        ]
    else:
        layer = module.head.classification_head.cls_logits
        found = [("head.classification_head.cls_logits", layer)]
    for prefix, layer in found:
        for name, _ in layer.named_parameters():
            yield f"{prefix}.{name}"


def _rows(module: Any, name: str) -> int:
    return len(module.get_parameter(name))


def _renew_logits(head: Any, classes: int) -> None:
    """Give a classification head with the focal loss new logits, which begin at 1 % (Lin et al. 2020)."""
    old = head.cls_logits
    head.cls_logits = nn.Conv2d(
        old.in_channels, head.num_anchors * classes, old.kernel_size, old.stride, old.padding
    )
    nn.init.normal_(head.cls_logits.weight, std=0.01)
    nn.init.constant_(head.cls_logits.bias, -math.log((1 - _PRIOR) / _PRIOR))
    head.num_classes = classes


def _renew_scores_of_ssd(head: Any, columns: int) -> None:
    old: Any
    for name, old in _last_convolutions(head):
        new = nn.Conv2d(
            old.in_channels,
            old.out_channels // head.num_columns * columns,
            old.kernel_size,
            old.stride,
            old.padding,
        )
        nn.init.normal_(new.weight, std=0.03)
        assert new.bias is not None
        nn.init.zeros_(new.bias)
        head.module_list.set_submodule(name, new)
    head.num_columns = columns


def _last_convolutions(head: Any) -> list[tuple[str, nn.Conv2d]]:
    """Return the layer that yields the scores of each map, by its name in the list of them."""
    found = []
    for index, block in enumerate(head.module_list):
        layers = [
            (f"{index}.{name}".rstrip("."), layer)
            for name, layer in block.named_modules()
            if isinstance(layer, nn.Conv2d)
        ]
        found.append(layers[-1])
    return found
