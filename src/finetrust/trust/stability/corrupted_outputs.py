"""The outputs of a network on corrupted copies of a data set; every image is decoded once."""

import zlib
from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import Tensor

from finetrust.core.progress import track
from finetrust.data.dataset import Dataset
from finetrust.data.loader import inference_batches
from finetrust.models.inference import Inference
from finetrust.trust.stability.corruptions.catalogue import corruptions


def corrupted_outputs(
    inference: Inference,
    dataset: Dataset,
    names: Sequence[str],
    severities: Sequence[int],
    seed: int,
    workers: int | None,
) -> Mapping[str, Tensor]:
    """Return the outputs on every corruption and severity, by ``name-severity``.

    The randomness of an item depends on `seed` and its id, not on where it stands.

    Parameters
    ----------
    inference : Inference
    dataset : Dataset
    names : sequence of str
        Registered corruptions.
    severities : sequence of int
    seed : int
    workers : int or None
        Decoding processes.
    """
    chosen = {name: corruptions.get(name) for name in names}
    seeds = item_seeds(dataset.ids, seed)
    parts: dict[str, list[Tensor]] = {f"{n}-{s}": [] for n in names for s in severities}
    transform = inference.preprocessing.transform()
    batches = inference_batches(dataset, transform, inference.batch_size, workers)
    done = 0
    for images in track(batches, "corruptions", -(-len(dataset) // inference.batch_size)):
        pixels = images.to(inference.device).float() / 255
        drawn = seeds[done : done + len(images)].to(inference.device)
        done += len(images)
        for name, corruption in chosen.items():
            for severity in severities:
                outputs = inference(corruption(pixels, severity, drawn))
                parts[f"{name}-{severity}"].append(outputs.cpu())
    return {name: torch.cat(outputs) for name, outputs in parts.items()}


def item_seeds(ids: Iterable[str], seed: int) -> Tensor:
    """Return one seed per item from its id, int64 (n,)."""
    return torch.tensor([zlib.crc32(f"{seed} {i}".encode()) for i in ids], dtype=torch.int64)
