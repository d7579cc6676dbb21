"""Networks of which it is known what they look at, on images of which it is known where the object is."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from finetrust.config import EvaluateOptions
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measures
from finetrust.core.predictions import Predictions
from finetrust.models.inference import Inference
from finetrust.models.network import Network
from finetrust.models.preprocessing import Preprocessing
from finetrust.tasks.predicted import predicted
from finetrust.tasks.task import tasks
from finetrust.trust.trials.bench import Bench

from ...pixels import dataset_of

SIDE = 32
SQUARE = (slice(4, 12), slice(16, 24))
MIDDLE = (slice(10, 22), slice(10, 22))

TASK = tasks.get("classification")
PLAIN = Preprocessing(SIDE, SIDE, "bilinear", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


class Reading(nn.Module):
    """Two features, of the brightness of one place and its opposite, from maps of 2 x 2 pixels."""

    def __init__(self, place: tuple[slice, slice]) -> None:
        super().__init__()
        self.pool = nn.Conv2d(3, 1, 2, stride=2, bias=False)
        self.pool.weight = nn.Parameter(torch.full((1, 3, 2, 2), 1 / 12))
        window = torch.zeros(SIDE // 2, SIDE // 2)
        rows, columns = (slice(part.start // 2, part.stop // 2) for part in place)
        window[rows, columns] = 1
        self.window = nn.Parameter(window / window.sum())

    def forward(self, images: Tensor) -> Tensor:
        bright = (self.pool(images) * self.window).sum((1, 2, 3)) - 0.4
        return 20 * torch.stack([bright, -bright], dim=1)


def bench_of(
    place: tuple[slice, slice],
    object_: tuple[slice, slice],
    folder: Path,
    n: int = 24,
    **options: object,
) -> Bench:
    """Return a network that reads `place`, on images with a bright object, and masks that tell where."""
    rng = np.random.default_rng(n)
    pixels = rng.integers(0, 60, (n, SIDE, SIDE, 3), dtype=np.uint8)
    pixels[:, object_[0], object_[1]] += 160
    pixels[:, place[0], place[1]] += 30
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[object_] = 255
    folder.mkdir(exist_ok=True)
    for row in range(n):
        Image.fromarray(mask).save(folder / f"{row}.png")
    network = Network(Reading(place), nn.Identity(), PLAIN).eval()
    dataset = dataset_of(pixels, np.zeros(n), ("bright", "dark"))
    inference = Inference(network)
    inference.batch_size = 7
    clean = predicted(TASK, inference, dataset, workers=0)
    chosen = EvaluateOptions.model_validate(
        {"workers": 0, "effort": "quick", "object_masks": str(folder), **options}
    )
    return Bench(TASK, network, inference, dataset, clean, ("bright", "dark"), options=chosen)


def chosen(method: str) -> dict[str, Predictions]:
    """Return the tables of the trial ``explanations`` where there was nothing to choose."""
    columns = {f"{method}.{figure}": np.zeros(0) for figure in ("insertion", "deletion", "weights")}
    return {"choice": Predictions(np.array([], dtype=str), columns)}


def figures(name: str, clean: Predictions, table: Predictions) -> dict[str, Estimate]:
    """Return a measure of a table of localisation by its subsets."""
    evidence = Evidence(clean, trials={"localisation": {"localisation": table}})
    estimates = measures.get(name).estimate(evidence)
    return {found.subset: found for found in estimates if isinstance(found, Estimate)}
