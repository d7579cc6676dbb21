"""Pictures of decisions on disk, and what is told about them."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.special import softmax
from torch import nn

from finetrust.core.errors import NotApplicable
from finetrust.core.predictions import Predictions
from finetrust.data.dataset import Dataset
from finetrust.models.inference import Inference
from finetrust.models.network import Network
from finetrust.tasks.task import tasks
from finetrust.trust.interpretability.explanation import Decisions, explanations, placed
from finetrust.trust.interpretability.picture_pixels import SHOWN_PIXELS
from finetrust.trust.interpretability.pictures import draw_pictures
from finetrust.trust.interpretability.representatives import show_representatives
from finetrust.trust.trials.bench import Bench

from ..pixels import Pixels, colour_network, dataset_of, red_and_blue_squares

CLASSES = ("red", "blue")


@pytest.fixture
def dataset() -> Dataset:
    """Ten squares, of which the last two are labelled wrong."""
    pixels, targets = red_and_blue_squares(10)
    targets[8:] = 1 - targets[8:]
    return dataset_of(pixels, targets, CLASSES)


def logits_of(network: Network, dataset: Dataset) -> np.ndarray:
    images = torch.from_numpy(dataset.inputs.pixels).permute(0, 3, 1, 2)
    with torch.inference_mode():
        return network(images).numpy()


def drawn(
    dataset: Dataset,
    folder: Path,
    count: int = 3,
    logits: np.ndarray | None = None,
    network: Network | None = None,
    calibration: Mapping[str, Any] | None = None,
    found: Mapping[str, Mapping[str, Predictions]] | None = None,
    training: Dataset | None = None,
) -> tuple[Mapping[str, Any], ...]:
    network = network or colour_network()
    columns = {
        "target": dataset.targets,
        "logits": logits_of(network, dataset) if logits is None else logits,
    }
    predictions = Predictions(np.array(dataset.ids, dtype=str), columns)
    bench = None
    if found is not None:
        bench = Bench(
            tasks.get("classification"),
            network,
            Inference(network),
            dataset,
            predictions,
            CLASSES,
            found={trial: dict(steps) for trial, steps in found.items()},
            find_training=lambda: training,
        )
    decisions = Decisions(
        network, dataset, predictions, CLASSES, calibration or {}, count, 0, folder, bench
    )
    return draw_pictures(decisions)


def choice_of(weights: float = 0.0, **gains: float) -> dict[str, dict[str, Predictions]]:
    """Return the table of a choice between methods with these gains."""
    n, columns = 8, {}
    for method, gain in gains.items():
        columns[f"{method}.insertion"] = np.full(n, gain)
        columns[f"{method}.deletion"] = np.zeros(n)
        columns[f"{method}.weights"] = np.full(n, weights)
    return {"explanations": {"choice": Predictions(np.arange(n).astype(str), columns)}}


def neighbours_of(
    dataset: Dataset, near: list[tuple[str, int]], other: tuple[str, int]
) -> dict[str, dict[str, Predictions]]:
    """Return the table of a trial that found the same neighbours for every item."""
    n = len(dataset)
    columns = {"other": np.full(n, other[0]), "other_label": np.full(n, other[1])}
    columns["other_distance"] = np.full(n, 0.5)
    for k, (item, label) in enumerate(near):
        columns[f"neighbour-{k}"], columns[f"label-{k}"] = np.full(n, item), np.full(n, label)
        columns[f"distance-{k}"] = np.full(n, 0.1 * k)
    return {"examples": {"neighbours": Predictions(np.array(dataset.ids, str), columns)}}


def training_of(n: int = 6) -> Dataset:
    pixels, targets = red_and_blue_squares(n)
    plain = dataset_of(pixels // 2, targets, CLASSES)
    return replace(plain, ids=tuple(f"train/{i}.png" for i in range(n)))


def test_they_are_what_the_task_of_images_shows() -> None:
    assert explanations.get("heat_maps") is draw_pictures


def test_errors_and_right_cases_are_drawn_and_described(dataset: Dataset, tmp_path: Path) -> None:
    pictures = drawn(dataset, tmp_path / "pictures")
    assert [p["kind"] for p in pictures] == ["confident error"] * 2 + ["random correct"] * 3
    assert {p["id"] for p in pictures[:2]} == {"8.png", "9.png"}
    first = next(p for p in pictures if p["id"] == "8.png")
    assert (first["target"], first["predicted"]) == ("blue", "red")
    expected = softmax(logits_of(colour_network(), dataset)[8]).max()
    assert first["confidence"] == pytest.approx(float(expected))
    assert first["caption"] == f"blue taken for red with {expected:.1%} confidence"
    assert first["told"] == [
        "What speaks for red lies mostly in the upper left, half of it on 3% of the image."
    ]
    for picture in pictures[2:]:
        assert picture["target"] == picture["predicted"]
        assert picture["caption"].startswith(f"{picture['target']}, right, with ")
    for picture in pictures:
        for key in ("file", "overlay"):
            with Image.open(tmp_path / "pictures" / picture[key]) as image:
                assert image.size == (SHOWN_PIXELS, SHOWN_PIXELS)
                assert image.mode == "RGB"
    assert len(list((tmp_path / "pictures").iterdir())) == 2 * len(pictures)


def test_the_plain_picture_is_the_image_as_the_network_sees_it(
    dataset: Dataset, tmp_path: Path
) -> None:
    for picture in drawn(dataset, tmp_path / "pictures"):
        row = int(picture["id"].removesuffix(".png"))
        shown = np.asarray(Image.open(tmp_path / "pictures" / picture["file"]))
        np.testing.assert_array_equal(shown[3::7, 3::7], dataset.inputs.pixels[row])


def test_the_overlay_is_hot_on_the_square_and_grey_elsewhere(
    dataset: Dataset, tmp_path: Path
) -> None:
    for picture in drawn(dataset, tmp_path / "pictures"):
        overlay = np.asarray(Image.open(tmp_path / "pictures" / picture["overlay"])).astype(int)
        corners = {"red": (56, 56), "blue": (168, 168)}
        hot = overlay[corners[picture["predicted"]]]
        cold = overlay[corners["blue" if picture["predicted"] == "red" else "red"]]
        assert hot[0] > 200
        assert hot[0] > hot[2] + 150
        assert np.ptp(cold) == 0


def test_an_item_without_an_answer_is_not_shown(dataset: Dataset, tmp_path: Path) -> None:
    logits = logits_of(colour_network(), dataset).copy()
    logits[[0, 2, 4, 6, 8]] = np.nan
    pictures = drawn(dataset, tmp_path / "pictures", 10, logits)
    assert sorted(p["id"] for p in pictures) == ["1.png", "3.png", "5.png", "7.png", "9.png"]


def test_without_any_answer_and_without_items_there_are_no_pictures(
    dataset: Dataset, tmp_path: Path
) -> None:
    assert drawn(dataset, tmp_path / "a", 3, np.full((10, 2), np.nan)) == ()
    assert drawn(dataset.take([]), tmp_path / "b", 3, np.zeros((0, 2))) == ()
    assert drawn(dataset, tmp_path / "c", count=0) == ()


def test_old_pictures_are_replaced(dataset: Dataset, tmp_path: Path) -> None:
    drawn(dataset, tmp_path / "pictures", count=5)
    pictures = drawn(dataset, tmp_path / "pictures", count=1)
    assert len(pictures) == 2
    assert len(list((tmp_path / "pictures").iterdir())) == 4


def test_the_same_seed_shows_the_same_cases(dataset: Dataset, tmp_path: Path) -> None:
    assert drawn(dataset, tmp_path / "pictures") == drawn(dataset, tmp_path / "pictures")


def test_a_network_without_a_map_is_told_and_nothing_is_written(
    dataset: Dataset, tmp_path: Path
) -> None:
    network = colour_network()
    blind = Network(nn.Flatten(), nn.Linear(3 * 32 * 32, 2), network.preprocessing)
    with pytest.raises(NotApplicable, match="no layer whose output is a map"):
        drawn(dataset, tmp_path / "pictures", network=blind)
    assert list(tmp_path.iterdir()) == []


def test_the_confidence_is_the_calibrated_one(dataset: Dataset, tmp_path: Path) -> None:
    pictures = drawn(dataset, tmp_path / "pictures", calibration={"temperature": 4.0})
    logits = logits_of(colour_network(), dataset)
    for picture in pictures:
        row = int(picture["id"].removesuffix(".png"))
        assert picture["confidence"] == pytest.approx(float(softmax(logits[row] / 4).max()))


def test_the_method_that_was_chosen_draws_the_map(dataset: Dataset, tmp_path: Path) -> None:
    plain = drawn(dataset, tmp_path / "a")
    assert {p["method"] for p in plain} == {"grad_cam"}
    chosen = drawn(dataset, tmp_path / "b", found=choice_of(grad_cam=0.1, input_x_gradient=0.3))
    assert {p["method"] for p in chosen} == {"input_x_gradient"}
    assert {p["method_title"] for p in chosen} == {"Input x Gradient"}
    assert all(p["signed"] for p in chosen)
    assert not any(p["signed"] for p in plain)


def test_what_speaks_against_the_answer_is_blue(dataset: Dataset, tmp_path: Path) -> None:
    pixels = dataset.inputs.pixels.copy()
    pixels[0, 20:28, 20:28, 2] = 120
    both = replace(dataset, inputs=Pixels(pixels))
    found = choice_of(input_x_gradient=0.3)
    pictures = drawn(both, tmp_path / "pictures", 10, found=found)
    picture = next(p for p in pictures if p["id"] == "0.png")
    overlay = np.asarray(Image.open(tmp_path / "pictures" / picture["overlay"])).astype(int)
    assert picture["predicted"] == "red"
    assert overlay[56, 56, 0] > overlay[56, 56, 2] + 100
    assert overlay[168, 168, 2] > overlay[168, 168, 0] + 50


@pytest.mark.parametrize(("weights", "warned"), [(0.9, True), (0.1, False)])
def test_an_explanation_that_is_not_to_be_believed_says_so(
    dataset: Dataset, tmp_path: Path, weights: float, warned: bool
) -> None:
    pictures = drawn(dataset, tmp_path / "pictures", found=choice_of(weights, grad_cam=0.3))
    assert [("warning" in p) for p in pictures] == [warned] * len(pictures)
    if warned:
        assert pictures[0]["warning"].startswith("Not to be believed: ")


def test_similar_training_images_stand_beside_a_case(dataset: Dataset, tmp_path: Path) -> None:
    near = [("train/0.png", 0), ("train/2.png", 0), ("train/4.png", 0), ("train/1.png", 1)]
    found = neighbours_of(dataset, near, ("train/3.png", 1))
    pictures = drawn(dataset, tmp_path / "pictures", found=found, training=training_of())
    picture = next(p for p in pictures if p["predicted"] == "red")
    assert [x["id"] for x in picture["neighbours"]] == [item for item, _ in near]
    assert [x["label"] for x in picture["neighbours"]] == ["red", "red", "red", "blue"]
    assert ["file" in x for x in picture["neighbours"]] == [True, True, True, False]
    assert (
        "3 of the 4 training images that it finds most similar are labelled red"
        in (picture["told"][1])
    )
    (other,) = picture["other_class"]
    assert (other["id"], other["label"]) == ("train/3.png", "blue")
    shown = np.asarray(Image.open(tmp_path / "pictures" / picture["neighbours"][1]["file"]))
    np.testing.assert_array_equal(shown[3::7, 3::7], training_of().inputs.pixels[2])
    blue = next(p for p in pictures if p["predicted"] == "blue")
    assert "other_class" not in blue, "the nearest ones are of another class already"
    files = {
        x["file"]
        for p in pictures
        for x in (*p["neighbours"], *p.get("other_class", ()))
        if "file" in x
    }
    assert len(files) == 4, "each is drawn once"
    assert all((tmp_path / "pictures" / file).exists() for file in files)


def test_training_images_that_cannot_be_read_any_more_are_named_and_not_drawn(
    dataset: Dataset, tmp_path: Path
) -> None:
    class Gone(Pixels):
        def __getitem__(self, index: int) -> Image.Image:
            raise OSError("gone")

    found = neighbours_of(dataset, [("train/0.png", 0), ("train/9.png", 1)], ("train/3.png", 1))
    training = training_of()
    lost = replace(training, inputs=Gone(training.inputs.pixels))
    for name, known in (("a", lost), ("b", None)):
        for picture in drawn(dataset, tmp_path / name, found=found, training=known):
            assert len(picture["neighbours"]) == 2
            assert not any("file" in x for x in picture["neighbours"])


def test_files_of_a_picture_are_named_from_where_it_is_placed() -> None:
    picture = {
        "file": "000.png",
        "overlay": "000-overlay.png",
        "id": "x",
        "neighbours": [{"id": "a", "file": "training-000.png"}, {"id": "b"}],
    }
    assert placed(picture, "pictures/heat_maps") == {
        "file": "pictures/heat_maps/000.png",
        "overlay": "pictures/heat_maps/000-overlay.png",
        "id": "x",
        "neighbours": [
            {"id": "a", "file": "pictures/heat_maps/training-000.png"},
            {"id": "b"},
        ],
    }
    assert placed({"id": "x", "tokens": [["a", 1.0]]}, "p") == {"id": "x", "tokens": [["a", 1.0]]}


def representatives(
    dataset: Dataset, folder: Path, count: int = 3
) -> tuple[Mapping[str, Any], ...]:
    """Return what is shown where the trial found two prototypes and a criticism of each class."""
    ids = ["train/0.png", "train/2.png", "train/4.png", "train/1.png", "train/3.png", "train/9.png"]
    columns = {
        "label": np.array([0, 0, 0, 1, 1, 1]),
        "kind": np.array(["prototype", "prototype", "criticism"] * 2),
        "rank": np.array([1, 0, 0, 0, 1, 0]),
    }
    table = Predictions(np.array(ids, str), columns)
    network = colour_network()
    predictions = Predictions(np.array(dataset.ids, str), {"logits": logits_of(network, dataset)})
    bench = Bench(
        tasks.get("classification"),
        network,
        Inference(network),
        dataset,
        predictions,
        CLASSES,
        found={"examples": {"prototypes": table}},
        find_training=training_of,
    )
    return show_representatives(
        Decisions(network, dataset, predictions, CLASSES, {}, count, 0, folder, bench)
    )


def test_what_stands_for_a_class_is_drawn_in_its_order(dataset: Dataset, tmp_path: Path) -> None:
    red, blue = representatives(dataset, tmp_path / "pictures")
    assert (red["id"], blue["id"]) == CLASSES
    assert [x["id"] for x in red["prototypes"]] == ["train/2.png", "train/0.png"]
    assert [x["id"] for x in red["criticisms"]] == ["train/4.png"]
    shown = np.asarray(Image.open(tmp_path / "pictures" / red["prototypes"][0]["file"]))
    np.testing.assert_array_equal(shown[3::7, 3::7], training_of().inputs.pixels[2])
    assert "file" not in blue["criticisms"][0], "it is not among the training items"
    assert placed(red, "p")["prototypes"][0]["file"].startswith("p/training-")


def test_without_pictures_or_the_trial_nothing_stands_for_a_class(
    dataset: Dataset, tmp_path: Path
) -> None:
    assert representatives(dataset, tmp_path / "a", count=0) == ()
    network = colour_network()
    predictions = Predictions(np.array(dataset.ids, str), {"logits": logits_of(network, dataset)})
    decisions = Decisions(network, dataset, predictions, CLASSES, {}, 3, 0, tmp_path / "b")
    assert show_representatives(decisions) == ()
    assert not (tmp_path / "b").exists()
