"""What is observed of each kind of target: objects, regions, words and texts have features of their own."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import finetrust
from data.mask_folders import coloured_folder
from finetrust.data.dataset import Dataset
from finetrust.selection.observed.objects import pooled_in_boxes
from finetrust.selection.observed.observer import observer_of
from finetrust.selection.observed.regions import pooled_in_regions
from finetrust.selection.selection import Selection
from models.tiny_encoders import bert_folder
from tasks.shapes import shapes
from tasks.tagged_data import places
from tasks.test_multi_label_text import table as table_of_labels
from tasks.test_regression import table_of_greys
from tasks.tiny_texts import table_of_films

BUILDER = f"{Path(__file__).parents[1] / 'tasks' / 'shapes.py'}:small"


def chosen(out: Path, data: Dataset | Path, *models: str, **options: object) -> Selection:
    given = {"precision": "fp32", "workers": 0, **options}
    return finetrust.select(data, list(models), out=str(out), quiet=True, **given)


def test_boxes_are_told_by_the_features_within_them(tmp_path: Path) -> None:
    data = shapes(tmp_path / "shapes", 30)
    found = chosen(tmp_path / "out", data, BUILDER)
    train = [t for t, split in zip(data.targets, data.splits, strict=True) if split == "train"]
    assert found.data["counted"] == "boxes"
    assert found.best.result["n"] == sum(len(boxes.labels) for boxes in train)
    assert found.best.result["accuracy"]["low"] > 1 / 3
    assert "not disturbed one by one" in found.best.result["moved"]["reason"]


def test_regions_are_told_by_the_features_within_them(tmp_path: Path) -> None:
    root = coloured_folder(tmp_path / "data")
    found = chosen(tmp_path / "out", root, BUILDER, task="segmentation")
    assert found.data["counted"] == "regions"
    assert found.best.result["n"] >= 2
    assert found.best.result["accuracy"]["value"] is not None


def test_words_are_told_by_their_own_features(tmp_path: Path) -> None:
    folder = bert_folder(tmp_path / "bert")
    data = places(40, 0)
    data = replace(data, splits=np.array(["train"] * 30 + ["val"] * 5 + ["test"] * 5))
    found = chosen(tmp_path / "out", data, str(folder))
    assert found.data["counted"] == "words"
    assert found.best.result["n"] == sum(map(len, data.targets[:30]))
    assert found.best.result["accuracy"]["low"] > 0.5


def test_texts_have_layers_and_disturbances_too(tmp_path: Path) -> None:
    folder = bert_folder(tmp_path / "bert")
    found = chosen(tmp_path / "out", table_of_films(tmp_path / "films.csv", 120), str(folder))
    result = found.best.result
    assert found.data["counted"] == "texts"
    assert set(result["moved"]["details"]) == {"casing", "punctuation", "typos", "whitespace"}
    assert len(result["depth"]["points"]) >= 3
    assert found.best.cost["input_size"] == "64 tokens"


def test_numbers_are_predicted_and_what_has_no_meaning_for_them_says_why(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    data = table_of_greys(tmp_path / "data", 60)
    found = chosen(tmp_path / "out", data, "glyphnet", "glyphnet@random", task="regression")
    result = found.best.result
    assert result["accuracy"]["low"] > 0.3
    assert {"logme", "linear-probe"} == {n for n, s in result["scores"].items() if "value" in s}
    assert "not one class each" in result["near_ood"]["reason"]
    assert "not one class each" in result["data_size"]["reason"]
    assert "no confidence" in result["calibration_error"]["reason"]
    assert result["moved"]["n"] > 0
    assert result["depth"]["points"]
    assert "(R2)" in found.context["notes"][0]
    with pytest.raises(finetrust.UserError, match="same answer"):
        chosen(tmp_path / "out", greys_alike(data), "glyphnet", task="regression")


def test_labels_of_texts_are_probed_one_by_one(tmp_path: Path) -> None:
    folder = bert_folder(tmp_path / "bert")
    found = chosen(tmp_path / "out", table_of_labels(tmp_path, 480), str(folder))
    accuracy = found.best.result["accuracy"]
    assert set(accuracy["details"]["columns"]) == set(found.data["classes"])
    assert accuracy["low"] > 0
    assert "value" in found.best.result["scores"]["logme"]
    assert found.best.result["scores"]["knn"] == {"reason": "the answers are not classes"}
    assert "averaged over labels" in found.context["notes"][0]


def test_a_task_whose_targets_are_of_no_known_kind_is_one_line() -> None:
    data = replace(places(4, 0), task="translation")
    with pytest.raises(finetrust.UserError, match="cannot be chosen for translation"):
        observer_of("translation", data)


def greys_alike(table: Path) -> Path:
    lines = [line.split(",")[0] for line in table.read_text().split("\n")[1:]]
    alike = table.with_name("alike.csv")
    alike.write_text("\n".join(["path,label", *(f"{line},5" for line in lines)]))
    return alike


def test_the_feature_of_a_box_is_the_mean_of_the_map_in_it() -> None:
    maps = torch.arange(32.0).reshape(1, 2, 4, 4)
    boxes = [torch.tensor([[0.0, 0, 64, 64], [0, 0, 32, 32]])]
    found = pooled_in_boxes(maps, boxes, 64)
    assert found[0].tolist() == pytest.approx([7.5, 23.5])
    assert found[1].tolist() == pytest.approx([2.5, 18.5])


def test_the_feature_of_a_region_is_the_mean_of_the_map_over_it() -> None:
    maps = torch.arange(8.0).reshape(2, 1, 2, 2)
    regions = torch.zeros(2, 4, 4)
    regions[0, :2, :2] = 1
    regions[1, :, 2:] = 1
    found = pooled_in_regions(maps, regions, torch.tensor([0, 1]))
    assert found[:, 0].tolist() == [0.0, 6.0]


def test_layers_of_a_transformer_are_averaged_over_its_places() -> None:
    import timm

    from finetrust.selection.depth import mean_over_places

    model = timm.create_model("test_vit", img_size=32).eval()
    images = torch.rand(2, 3, 32, 32)
    with torch.no_grad():
        tokens = model.blocks(model.norm_pre(model._pos_embed(model.patch_embed(images))))
    expected = tokens[:, model.num_prefix_tokens :].mean(dim=1).numpy()
    np.testing.assert_allclose(mean_over_places(model, tokens, images), expected, rtol=1e-5)
