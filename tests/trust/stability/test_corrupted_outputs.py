"""The outputs of a network on corrupted copies of its data."""

import numpy as np
import pytest
import torch

from finetrust.core.errors import UserError
from finetrust.data.dataset import Dataset
from finetrust.models.inference import Inference
from finetrust.trust.stability.corrupted_outputs import corrupted_outputs, item_seeds
from finetrust.trust.stability.corruptions.catalogue import corruptions

from ..pixels import colour_network, dataset_of

NAMES = ("gaussian_noise", "defocus_blur", "brightness", "contrast")
N = 11


@pytest.fixture
def dataset() -> Dataset:
    pixels = np.random.default_rng(0).integers(0, 256, (N, 32, 32, 3), dtype=np.uint8)
    return dataset_of(pixels, np.zeros(N), ("red", "blue"))


def outputs(dataset: Dataset, batch_size: int, seed: int = 7) -> dict[str, torch.Tensor]:
    inference = Inference(colour_network())
    inference.batch_size = batch_size
    return dict(corrupted_outputs(inference, dataset, NAMES, (1, 5), seed, workers=0))


def test_they_are_those_of_the_network_on_every_corruption_and_severity(dataset: Dataset) -> None:
    found = outputs(dataset, batch_size=64)
    assert sorted(found) == sorted(f"{name}-{severity}" for name in NAMES for severity in (1, 5))
    images = torch.from_numpy(dataset.inputs.pixels).permute(0, 3, 1, 2).float() / 255
    for name in NAMES:
        for severity in (1, 5):
            changed = corruptions.get(name)(images, severity, item_seeds(dataset.ids, 7))
            with torch.inference_mode():
                expected = colour_network()(changed)
            torch.testing.assert_close(found[f"{name}-{severity}"], expected)


def test_an_item_has_the_same_outputs_wherever_it_stands(dataset: Dataset) -> None:
    expected = outputs(dataset, batch_size=64)
    order = np.random.default_rng(0).permutation(N)[:8]
    found = outputs(dataset.take(order), batch_size=3)
    for name, logits in found.items():
        torch.testing.assert_close(logits, expected[name][order], rtol=0, atol=1e-5)


def test_another_seed_gives_other_noise_and_the_same_contrast(dataset: Dataset) -> None:
    first, second = outputs(dataset, 64, seed=7), outputs(dataset, 64, seed=8)
    assert not torch.equal(first["gaussian_noise-5"], second["gaussian_noise-5"])
    assert torch.equal(first["contrast-5"], second["contrast-5"])


def test_seeds_depend_on_the_id_and_the_seed_only() -> None:
    assert (
        item_seeds(["a", "b", "ü"], 1).tolist()
        == item_seeds(["ü", "a", "b"], 1)[[1, 2, 0]].tolist()
    )
    assert len(set(item_seeds(map(str, range(1000)), 1).tolist())) == 1000
    assert not torch.equal(item_seeds(["a"], 1), item_seeds(["a"], 2))


def test_an_unknown_corruption_is_refused_before_any_image_is_read(dataset: Dataset) -> None:
    with pytest.raises(UserError, match="unknown corruption 'fog_of_war'"):
        corrupted_outputs(Inference(colour_network()), dataset, ["fog_of_war"], (1,), 0, 0)
