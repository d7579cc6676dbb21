"""Corrupted images: every image is decoded once, and corrupted in batches on the network's device."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from torch import Tensor

from finetrust.core.predictions import Predictions
from finetrust.data.dataset import Dataset
from finetrust.models.features import batched_inputs
from finetrust.models.inference import Inference
from finetrust.models.tree import Tree, mapped, to_device
from finetrust.tasks.predicted import in_order
from finetrust.tasks.task import Task
from finetrust.trust.stability.corruptions.catalogue import SEVERITIES, Corruption, corruptions
from finetrust.trust.stability.item_seeds import item_seeds
from finetrust.trust.stability.perturbers.perturber import perturbers


class ImagePerturber:
    """Common corruptions (Hendrycks & Dietterich 2019) of image tensors."""

    default_names = ("gaussian_noise", "defocus_blur", "brightness", "contrast")
    severities = SEVERITIES
    default_severities = (1, 3, 5)

    def check(self, names: Sequence[str]) -> None:
        for name in names:
            corruptions.get(name)

    def predictions(
        self,
        task: Task,
        inference: Inference,
        dataset: Dataset,
        names: Sequence[str],
        severities: Sequence[int],
        seed: int,
        workers: int | None,
    ) -> Mapping[str, Predictions]:
        chosen = {name: corruptions.get(name) for name in names}
        seeds = item_seeds(dataset.ids, seed)
        parts: dict[str, list[Predictions]] = {f"{n}-{s}": [] for n in names for s in severities}
        order = []
        for rows, images in batched_inputs(inference, dataset, workers, "corruptions"):
            part = dataset.take(rows)
            order.append(rows)
            pixels = mapped(lambda image: image.float() / 255, to_device(images, inference.device))
            drawn = seeds[rows].to(inference.device)
            for name, corruption in chosen.items():
                for severity in severities:
                    outputs = inference(_corrupted(corruption, pixels, severity, drawn))
                    parts[f"{name}-{severity}"].append(task.predictions(part, outputs))
        return {
            name: replace(in_order(found, order), perturbation=name)
            for name, found in parts.items()
        }


def _corrupted(corruption: Corruption, images: Tree, severity: int, seeds: Tensor) -> Tree:
    """Return a batch of images corrupted; images of several sizes come as a list."""
    if isinstance(images, Tensor):
        return corruption(images, severity, seeds)
    pairs = zip(images, seeds, strict=True)
    return [corruption(image[None], severity, seed[None])[0] for image, seed in pairs]


perturbers.add("image", ImagePerturber())
