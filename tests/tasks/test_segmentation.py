"""The task through the whole frame: tune, evaluate, predict, and back from disk."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision
from torch import nn

import finetrust
from data.mask_folders import coloured_folder, mask_folder, mask_of, pair
from finetrust.config import ModelOptions, TuneOptions
from finetrust.core.errors import UserError
from finetrust.data.dataset import Dataset
from finetrust.data.masks.masks import MaskArray
from finetrust.data.source import DataOptions, open_dataset
from finetrust.models.preprocessing import Preprocessing
from finetrust.models.segmentation_preprocessing import Windows
from finetrust.tasks.segmentation import Segmentation
from models.nets import SmallNet

TASK = Segmentation()
PREPROCESSING = Preprocessing(32, 32, "bilinear", (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))


class Strided(nn.Module):
    """Maps at strides of 4 to 32 and a linear layer."""

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, width, 4, 4), nn.BatchNorm2d(width), nn.ReLU())
        self.stages = nn.Sequential(
            *(
                nn.Sequential(nn.Conv2d(width, width, 3, 2, 1), nn.BatchNorm2d(width), nn.ReLU())
                for _ in range(3)
            )
        )
        self.fc = nn.Linear(width, 7)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.fc(self.stages(self.stem(images)).mean((2, 3)))


def dataset_of(root: Path) -> Dataset:
    return open_dataset(root, DataOptions(task="segmentation"))


def test_it_learns_evaluates_predicts_and_comes_back(tmp_path: Path) -> None:
    root = coloured_folder(tmp_path / "data")
    torch.manual_seed(0)
    module = Strided()
    run = finetrust.tune(
        module, root, preprocessing=PREPROCESSING, out=str(tmp_path / "run"), epochs=6, batch_size=4,
        quiet=True, learning_rate=1e-2, head="fcn",
    )  # fmt: skip
    assert run.folder.record["task"] == "segmentation"
    assert run.folder.record["validation"]["miou"] > 0.5
    profile = finetrust.evaluate(
        run, corruptions=("brightness",), severities=(1,), pictures=1, quiet=True
    )
    found = {m.key: m for m in profile.measures}
    assert found["miou"].value > 0.5
    for name in ("boundary_iou", "pixel_ece", "corruption_miou", "miou[class=1]"):
        assert found[name].value is not None, found[name].reason
    assert [p["kind"] for p in profile.pictures] == ["worst image", "random image"]
    assert all((run.path / p["file"]).is_file() for p in profile.pictures)
    assert all((run.path / p["overlay"]).is_file() for p in profile.pictures)

    (answer,) = finetrust.predict(run, root / "images" / "00.jpg", quiet=True)
    again = finetrust.load(run.path, module=Strided())
    assert finetrust.predict(again, root / "images" / "00.jpg", quiet=True) == [answer]
    runs = np.array(answer["mask"]["runs"]).reshape(-1, 2)
    mask = np.repeat(runs[:, 0], runs[:, 1]).reshape(answer["mask"]["size"])
    assert (mask == mask_of(0, size=(96, 64))).mean() > 0.6
    assert sum(answer["classes"].values()) == pytest.approx(1)
    assert TASK.line(answer).endswith(f"\tconfidence {answer['confidence']:.3f}")
    assert "mask" not in TASK.line(answer)


def test_windows_go_through_all_of_it_too(tmp_path: Path) -> None:
    root = coloured_folder(tmp_path / "data", n=14, size=(90, 70))
    run = finetrust.tune(
        Strided(), root, preprocessing=PREPROCESSING, out=str(tmp_path / "run"), epochs=2, batch_size=4,
        quiet=True, sliding_window=True, input_size=64, head="fcn",
    )  # fmt: skip
    assert isinstance(run.model.network.preprocessing, Windows)
    profile = finetrust.evaluate(
        run, corruptions=("brightness",), severities=(1,), pictures=1, quiet=True
    )
    assert profile["miou"].value is not None
    assert profile["corruption_miou"].value is not None
    assert len(profile.pictures) == 2
    (answer,) = finetrust.predict(run, root / "images" / "00.jpg", quiet=True)
    assert answer["mask"]["size"] == [70, 90]


def test_a_whole_model_trains_its_last_layers_as_new_ones(tmp_path: Path) -> None:
    dataset = dataset_of(mask_folder(tmp_path))
    options = TuneOptions(
        model="lraspp_mobilenet_v3_large", weights="random", input_size=64, data="x"
    )
    assembled = TASK.assemble(options, dataset)
    network = TASK.network(assembled, dataset.classes, options)
    assert network.fresh == {
        f"head.head.classifier.{level}_classifier.{what}"
        for level in ("low", "high")
        for what in ("weight", "bias")
    }
    assert network.preprocessing.canvas == (64, 64)
    assert network(torch.zeros(1, 3, 64, 64, dtype=torch.uint8)).shape[1:] == (3, 16, 16)
    module = torchvision.models.segmentation.lraspp_mobilenet_v3_large(
        weights=None, weights_backbone=None
    )
    again = TASK.restore(module, network.recipe, network.preprocessing)
    again.load_state_dict(network.state_dict())
    image = torch.randint(256, (1, 3, 64, 64), dtype=torch.uint8)
    assert torch.equal(again.eval()(image), network.eval()(image))


@pytest.mark.parametrize("head", ["fcn", "segformer"])
def test_a_headed_network_comes_back_from_its_recipe(head: str, tmp_path: Path) -> None:
    dataset = dataset_of(mask_folder(tmp_path))
    options = TuneOptions(head=head, data="x", model="x")
    assembled = TASK.assemble(options, dataset, Strided(), PREPROCESSING)
    network = TASK.network(assembled, dataset.classes, options)
    assert all(name.startswith("head.") for name in network.fresh)
    assert network.preprocessing.canvas == (64, 64)
    again = TASK.restore(Strided(), network.recipe, network.preprocessing)
    again.load_state_dict(network.state_dict())
    image = torch.randint(256, (1, 3, 64, 64), dtype=torch.uint8)
    assert torch.equal(again.eval()(image), network.eval()(image))


def test_a_whole_model_is_judged_as_it_comes(tmp_path: Path) -> None:
    dataset = dataset_of(mask_folder(tmp_path))
    module = torchvision.models.segmentation.lraspp_mobilenet_v3_large(
        weights=None, weights_backbone=None, num_classes=3
    )
    network, classes = TASK.as_it_comes(
        TASK.assemble(ModelOptions(), dataset, module, PREPROCESSING), dataset
    )
    assert classes == ("0", "1", "2")
    assert network(torch.zeros(1, 3, 64, 64, dtype=torch.uint8)).shape[1] == 3
    with pytest.raises(UserError, match="comes without a segmentation head"):
        TASK.as_it_comes(TASK.assemble(ModelOptions(), dataset, Strided(), PREPROCESSING), dataset)


def test_a_head_over_a_model_that_has_one_is_refused(tmp_path: Path) -> None:
    dataset = dataset_of(mask_folder(tmp_path))
    module = torchvision.models.segmentation.lraspp_mobilenet_v3_large(
        weights=None, weights_backbone=None
    )
    options = TuneOptions(head="fcn", data="x", model="x")
    assembled = TASK.assemble(options, dataset, module, PREPROCESSING)
    with pytest.raises(UserError, match="has a head of its own, and --head fcn is given"):
        TASK.network(assembled, dataset.classes, options)


def test_the_classes_of_other_data_are_matched_by_name(tmp_path: Path) -> None:
    dataset = dataset_of(mask_folder(tmp_path))
    aligned = TASK.align(dataset, ("2", "void", "0", "1"))
    expected = np.array([2, 3, 0], np.uint8)[mask_of(0)]
    np.testing.assert_array_equal(aligned.targets[0].read(), expected)
    with pytest.raises(UserError, match="class '2' is not among the 2 classes"):
        TASK.align(dataset, ("0", "1"))


def test_classes_are_counted_in_images(tmp_path: Path) -> None:
    for name, values in {"a": (0, 1), "b": (0, 2), "c": (0, 1)}.items():
        pair(tmp_path, name, mask_of(1, values))
    dataset = dataset_of(tmp_path)
    assert TASK.class_counts(dataset).tolist() == [3, 2, 1]
    assert TASK.strata(dataset).tolist() == [1, 2, 1]


def test_arrays_are_masks_too_and_class_labels_are_not(tmp_path: Path) -> None:
    dataset = dataset_of(mask_folder(tmp_path))
    arrays = np.empty(3, object)
    arrays[:] = [mask.read() for mask in dataset.targets]
    prepared = TASK.prepare(replace(dataset, targets=arrays), TuneOptions(data="x", model="x"))
    assert all(isinstance(mask, MaskArray) for mask in prepared.targets)
    labels = replace(dataset, targets=np.array([0, 1, 2]), task="classification")
    with pytest.raises(UserError, match=r"made for classification.*takes a mask for each image"):
        TASK.prepare(labels, TuneOptions(data="x", model="x"))


def test_masks_of_one_class_are_refused(tmp_path: Path) -> None:
    for name in "ab":
        pair(tmp_path, name, mask_of(0, (1,)))
    dataset = dataset_of(tmp_path)
    with pytest.raises(UserError, match="show only one class, '1'"):
        TASK.refuse(dataset, dataset)


def test_balanced_weights_are_those_of_the_pixels(tmp_path: Path) -> None:
    dataset = dataset_of(mask_folder(tmp_path))
    options = TuneOptions(class_weights="balanced", data="x", model="x")
    weight = TASK.objective(options, dataset).criterion.weight
    pixels = sum(np.bincount(mask.read().ravel(), minlength=3) for mask in dataset.targets)
    np.testing.assert_allclose(weight, pixels.sum() / (3 * pixels), rtol=1e-6)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"loss": "hinge"}, "unknown segmentation loss 'hinge'"),
        ({"loss": "dice", "label_smoothing": 0.1}, "the loss 'dice' has no label smoothing"),
    ],
)
def test_options_that_do_nothing_are_refused(given: dict, said: str, tmp_path: Path) -> None:
    dataset = dataset_of(mask_folder(tmp_path))
    with pytest.raises(UserError, match=said):
        TASK.objective(TuneOptions(data="x", model="x", **given), dataset)


def test_a_backbone_without_a_known_preprocessing_asks_for_it(tmp_path: Path) -> None:
    dataset = dataset_of(mask_folder(tmp_path))
    with pytest.raises(UserError, match="the preprocessing of these weights is not known"):
        TASK.assemble(ModelOptions(), dataset, SmallNet())
