"""Classification: one of several classes for each image."""

from collections.abc import Sequence
from typing import Any

from finetrust.config import TuneOptions
from finetrust.tasks.image_task import ImageTask
from finetrust.tasks.one_class import OneClass
from finetrust.tasks.task import Mix, tasks


class Classification(OneClass, ImageTask):
    """Targets are class indices (n,), outputs are logits (n, classes)."""

    options = frozenset({"class_weights", "label_smoothing", "mixup", "cutmix"})
    explanations = ("heat_maps", "representatives")
    pipeline = "image-classification"

    def mix(self, options: TuneOptions, classes: Sequence[str]) -> Mix | None:
        from torchvision.transforms import v2

        choices: list[Any] = []
        if options.mixup:
            choices.append(v2.MixUp(alpha=options.mixup, num_classes=len(classes)))
        if options.cutmix:
            choices.append(v2.CutMix(alpha=options.cutmix, num_classes=len(classes)))
        return v2.RandomChoice(choices) if choices else None


tasks.add("classification", Classification())
