"""What a network says about corrupted copies of its images."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from finetrust.config import EvaluateOptions
from finetrust.core.errors import UserError
from finetrust.core.predictions import Predictions
from finetrust.data.dataset import Dataset
from finetrust.models.inference import Inference
from finetrust.models.network import Network
from finetrust.models.preprocessing import Preprocessing
from finetrust.tasks.task import tasks
from finetrust.trust.stability.corruptions.catalogue import corruptions
from finetrust.trust.stability.perturbers.perturber import perturbers
from finetrust.trust.trials.bench import Bench
from finetrust.trust.trials.item_seeds import item_seeds

from ...pixels import colour_network, dataset_of

NAMES = ("gaussian_noise", "defocus_blur", "brightness", "contrast")
N = 11
TASK = tasks.get("classification")
PERTURBER = perturbers.get("image")


@pytest.fixture
def dataset() -> Dataset:
    pixels = np.random.default_rng(0).integers(0, 256, (N, 32, 32, 3), dtype=np.uint8)
    return dataset_of(pixels, np.arange(N) % 2, ("red", "blue"))


def bench_of(network: Network, dataset: Dataset, batch_size: int, seed: int = 7) -> Bench:
    inference = Inference(network)
    inference.batch_size = batch_size
    options = EvaluateOptions.model_validate({"seed": seed, "workers": 0})
    clean = Predictions(np.asarray(dataset.ids), {})
    return Bench(TASK, network, inference, dataset, clean, dataset.classes, options=options)


def predictions(dataset: Dataset, batch_size: int, seed: int = 7) -> Mapping[str, Predictions]:
    bench = bench_of(colour_network(), dataset, batch_size, seed)
    rows = np.arange(len(dataset))
    return {
        f"{name}-{severity}": PERTURBER.predictions(bench, rows, name, severity)
        for name in NAMES
        for severity in (1, 5)
    }


@pytest.mark.parametrize("batch_size", [4, 64])
def test_they_are_those_of_the_network_on_every_corruption_and_severity(
    dataset: Dataset, batch_size: int
) -> None:
    found = predictions(dataset, batch_size)
    assert sorted(found) == sorted(f"{name}-{severity}" for name in NAMES for severity in (1, 5))
    images = torch.from_numpy(dataset.inputs.pixels).permute(0, 3, 1, 2).float() / 255
    for name in NAMES:
        for severity in (1, 5):
            changed = corruptions.get(name)(images, severity, item_seeds(dataset.ids, 7))
            with torch.inference_mode():
                expected = colour_network()(changed).numpy()
            table = found[f"{name}-{severity}"]
            np.testing.assert_allclose(table["logits"], expected, rtol=1e-5, atol=1e-5)
            assert table["target"].tolist() == dataset.targets.tolist()
            assert table.ids.tolist() == list(dataset.ids)
            assert table.perturbation == f"{name}-{severity}"


def test_an_item_has_the_same_predictions_wherever_it_stands(dataset: Dataset) -> None:
    expected = predictions(dataset, batch_size=64)
    order = np.random.default_rng(0).permutation(N)[:8]
    found = predictions(dataset.take(order), batch_size=3)
    for name, table in found.items():
        assert table.ids.tolist() == [dataset.ids[row] for row in order]
        assert table["target"].tolist() == dataset.targets[order].tolist()
        np.testing.assert_allclose(
            table["logits"], expected[name]["logits"][order], rtol=0, atol=1e-5
        )


def test_another_seed_gives_other_noise_and_the_same_contrast(dataset: Dataset) -> None:
    first, second = predictions(dataset, 64, seed=7), predictions(dataset, 64, seed=8)

    def same(name: str) -> bool:
        return np.array_equal(first[name]["logits"], second[name]["logits"])

    assert not same("gaussian_noise-5")
    assert same("contrast-5")


def test_an_unknown_corruption_is_refused() -> None:
    with pytest.raises(UserError, match="unknown corruption 'fog_of_war'"):
        PERTURBER.check(["gaussian_noise", "fog_of_war"])


def test_what_is_applied_by_default_is_known() -> None:
    for effort in ("quick", "standard", "full"):
        PERTURBER.check(PERTURBER.names(effort))
        assert set(PERTURBER.default_severities(effort)) <= {1, 2, 3, 4, 5}
    assert set(PERTURBER.names("full")) == set(corruptions.names())
    assert PERTURBER.default_severities("full") == PERTURBER.severities == (1, 2, 3, 4, 5)


class OwnSizes(Preprocessing):
    """Images are cut to several heights: a batch is a list."""

    def transform(self) -> Callable[[Image.Image], Tensor]:
        def prepare(image: Image.Image) -> Tensor:
            height = 8 + image.getpixel((0, 0))[0] % 9
            return torch.from_numpy(np.array(image)[:height]).permute(2, 0, 1)

        return prepare

    def collate(self, prepared: Sequence[Tensor]) -> list[Tensor]:
        return list(prepared)

    def normaliser(self) -> nn.Module:
        return nn.Identity()


class OneByOne(nn.Module):
    """A network that is asked image by image."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor | list[Tensor]) -> Tensor:
        return torch.cat([self.network(image[None]) for image in images])


def test_images_of_several_sizes_are_corrupted_one_by_one(dataset: Dataset) -> None:
    plain = colour_network()
    preprocessing = OwnSizes(32, 32, "bilinear", (0.0,) * 3, (1.0,) * 3)
    network = Network(OneByOne(plain.backbone), plain.head, preprocessing).eval()
    bench = bench_of(network, dataset, batch_size=64)
    found = PERTURBER.predictions(bench, np.arange(N), "gaussian_noise", 3)
    prepare, seeds = preprocessing.transform(), item_seeds(dataset.ids, 7)
    sizes = set()
    for row, logits in enumerate(found["logits"]):
        image = prepare(dataset.inputs[row])[None].float() / 255
        sizes.add(image.shape[2])
        changed = corruptions.get("gaussian_noise")(image, 3, seeds[row : row + 1])
        with torch.inference_mode():
            expected = plain(changed)[0].numpy()
        np.testing.assert_allclose(logits, expected, rtol=1e-4, atol=1e-4)
    assert len(sizes) > 1
