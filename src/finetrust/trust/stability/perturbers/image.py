"""Corrupted images: every image is decoded once, and corrupted in batches on the network's device."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from finetrust.core.predictions import Predictions
from finetrust.data.dataset import Dataset
from finetrust.models.features import batched_inputs
from finetrust.models.inference import Inference
from finetrust.tasks.predicted import in_order
from finetrust.tasks.task import Task
from finetrust.trust.stability.corruptions.catalogue import SEVERITIES, corruptions
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
            pixels = images.to(inference.device).float() / 255
            drawn = seeds[rows].to(inference.device)
            for name, corruption in chosen.items():
                for severity in severities:
                    outputs = inference(corruption(pixels, severity, drawn))
                    parts[f"{name}-{severity}"].append(task.predictions(part, outputs))
        return {
            name: replace(in_order(found, order), perturbation=name)
            for name, found in parts.items()
        }


perturbers.add("image", ImagePerturber())
