"""Whole detectors of transformers that predict a set of boxes: DETR, RT-DETR, YOLOS and their kin."""

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torchvision.ops import box_convert

from finetrust.models.detectors.canvas_head import MOST_DETECTIONS, Boxes
from finetrust.models.detectors.parts import DetectorParts, detector_kinds
from finetrust.models.network import as_they_are
from finetrust.models.preprocessing import Preprocessing

_LIBRARY, _SUFFIX = "transformers.", "ForObjectDetection"


class TransformersFamily:
    """Detectors whose class ends in ``ForObjectDetection``.

    They stay whole: the backbone is an identity, the features are the pixels. Which parameters tell
    classes apart is seen from their shapes, which follow the number of classes.
    """

    def accepts(self, module: nn.Module) -> bool:
        kind = type(module)
        return kind.__module__.startswith(_LIBRARY) and kind.__name__.endswith(_SUFFIX)

    def n_classes(self, module: Any) -> int:
        return module.config.num_labels

    def preprocessing(self, module: nn.Module) -> Preprocessing | None:
        return None

    def is_square(self, module: nn.Module) -> bool:
        return False

    def with_classes(self, module: Any, classes: int) -> nn.Module:
        new = type(module)(_with_labels(module.config, classes))
        old, own = module.state_dict(), new.state_dict()
        of_classes = _class_layers(new)
        kept = {
            name: old[name]
            for name in own
            if name not in of_classes and name in old and old[name].shape == own[name].shape
        }
        new.load_state_dict({**own, **kept})
        return new

    def with_class_layers_of(self, module: Any, tensors: Mapping[str, Tensor]) -> nn.Module:
        return module

    def parts(self, module: Any, canvas: tuple[int, int]) -> DetectorParts:
        module.requires_grad_(True)
        names = frozenset(f"model.{name}" for name in _class_layers(module))
        return DetectorParts(
            nn.Identity(), SetHead(module, canvas, self.n_classes(module)), as_they_are, names
        )


detector_kinds.add("transformers", TransformersFamily())


class SetHead(nn.Module):
    """A detector of transformers from normalised pixels to its own loss or to boxes on the canvas.

    Parameters
    ----------
    model : nn.Module
    canvas : (int, int)
        Height and width of the images, in pixels.
    n_classes : int
    """

    def __init__(self, model: nn.Module, canvas: tuple[int, int], n_classes: int) -> None:
        super().__init__()
        self.model, self.canvas, self.n_classes = model, canvas, n_classes

    def forward(
        self, features: Tensor, targets: Sequence[Boxes] | None = None
    ) -> dict[str, Tensor] | list[dict[str, Tensor]]:
        """Map pixels (n, 3, h, w) to the loss, with targets, or to the boxes that are found.

        Inputs and outputs are those of
        :meth:`~finetrust.models.detectors.canvas_head.CanvasHead.forward`. A query whose softmax is
        over the classes and "no object" speaks for its best class; with sigmoids, for every class.
        """
        height, width = self.canvas
        scale = features.new_tensor([width, height, width, height], dtype=torch.float32)
        if targets is not None:
            labels = [
                {
                    "class_labels": target["labels"],
                    "boxes": box_convert(target["boxes"] / scale, "xyxy", "cxcywh"),
                }
                for target in targets
            ]
            return {"loss": self.model(pixel_values=features, labels=labels).loss}
        found = self.model(pixel_values=features)
        scores, labels_of, boxes = self._best(found.logits.float(), found.pred_boxes.float())
        boxes = (box_convert(boxes, "cxcywh", "xyxy").clamp(0, 1) * scale).unbind()
        canvas = labels_of.new_tensor(self.canvas)
        return [
            {"boxes": b, "scores": s, "labels": k, "canvas": canvas}
            for b, s, k in zip(boxes, scores, labels_of, strict=True)
        ]

    def _best(self, logits: Tensor, boxes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return scores (n, k), labels (n, k) and boxes (n, k, 4), the highest score first."""
        n_classes = self.n_classes
        if logits.shape[-1] > n_classes:
            best, labels = logits.softmax(-1)[..., :n_classes].max(-1)
            scores, queries = best.topk(min(MOST_DETECTIONS, best.shape[1]))
            labels = labels.gather(1, queries)
        else:
            every = logits.sigmoid().flatten(1)
            scores, found = every.topk(min(MOST_DETECTIONS, every.shape[1]))
            queries, labels = found // n_classes, found % n_classes
        return scores, labels, boxes.gather(1, queries[..., None].expand(-1, -1, 4))


def _with_labels(config: Any, classes: int) -> Any:
    changed = copy.deepcopy(config)
    changed.num_labels = classes
    return changed


def _class_layers(module: Any) -> frozenset[str]:
    """Return the names of the parameters whose shapes follow the number of classes."""
    shapes = []
    for classes in (module.config.num_labels, module.config.num_labels + 1):
        with torch.device("meta"):
            twin = type(module)(_with_labels(module.config, classes))
        shapes.append({name: p.shape for name, p in twin.named_parameters()})
    return frozenset(name for name, shape in shapes[0].items() if shapes[1][name] != shape)
