"""Pictures of decisions on disk, and what is told about them."""

from collections.abc import Mapping
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
from finetrust.models.network import Network
from finetrust.trust.interpretability.explanation import Decisions, explanations
from finetrust.trust.interpretability.pictures import SHOWN_PIXELS, draw_pictures

from ..pixels import colour_network, dataset_of, red_and_blue_squares

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
) -> tuple[Mapping[str, Any], ...]:
    network = network or colour_network()
    columns = {
        "target": dataset.targets,
        "logits": logits_of(network, dataset) if logits is None else logits,
    }
    predictions = Predictions(np.array(dataset.ids, dtype=str), columns)
    return draw_pictures(
        Decisions(network, dataset, predictions, CLASSES, calibration or {}, count, 0, folder)
    )


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
