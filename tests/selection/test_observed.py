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
from finetrust.selection.observed.regions import pooled_in_regions
from finetrust.selection.selection import Selection
from models.tiny_encoders import bert_folder
from tasks.shapes import shapes
from tasks.tagged_data import places
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
