"""Detection through the same frame: from boxes to a detector in a run folder and back."""

import copy
import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import finetrust
from finetrust.config import DataColumns, ModelOptions, TuneOptions
from finetrust.core.errors import UserError
from finetrust.data.boxes.boxes import Boxes
from finetrust.data.dataset import Dataset
from finetrust.data.source import open_dataset
from finetrust.models.letterbox import Letterbox
from finetrust.models.pyramid import Pyramid
from finetrust.tasks.detection_loss import DetectionLoss
from finetrust.tasks.task import tasks
from killed import finish, kill_after, started

from .shapes import CLASSES, shapes, small

TASK = tasks.get("detection")
BUILDER = f"{Path(__file__).with_name('shapes.py')}:small"


def tuned(out: Path, data: Dataset, **options: Any) -> finetrust.Run:
    chosen = {"model": BUILDER, "epochs": 2, "precision": "fp32", "batch_size": 4, **options}
    return finetrust.tune(data=data, out=str(out), quiet=True, **chosen)


def weights_of(out: Path) -> dict[str, torch.Tensor]:
    return load_file(out / "model" / "weights.safetensors")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return shapes(tmp_path_factory.mktemp("shapes"))


def options(**given: Any) -> TuneOptions:
    return TuneOptions(model="m", data="d", **given)


def output(boxes: list[list[float]], labels: list[int], scores: list[float]) -> dict[str, Any]:
    return {
        "boxes": torch.tensor(boxes).reshape(-1, 4),
        "labels": torch.tensor(labels, dtype=torch.int64),
        "scores": torch.tensor(scores),
        "canvas": torch.tensor([64, 96]),
    }


def test_targets_that_are_no_boxes_are_an_error() -> None:
    every = open_dataset("digits:5")
    with pytest.raises(UserError, match=r"the targets are no boxes.*COCO JSON, Pascal VOC"):
        TASK.prepare(every, DataColumns())


def test_labels_are_counted_in_the_classes_of_the_model(data: Dataset) -> None:
    aligned = TASK.align(data, ("blue", "grey", "green", "red"))
    assert aligned.classes == ("blue", "grey", "green", "red")
    before = [CLASSES[k] for k in data.targets[0].labels]
    assert [aligned.classes[k] for k in aligned.targets[0].labels] == before


def test_data_without_a_single_box_are_refused(data: Dataset) -> None:
    empty = data.take(np.array([7, 15]))
    with pytest.raises(UserError, match="no image has a usable box"):
        TASK.refuse(empty, empty)


def test_crowds_and_empty_boxes_are_not_trained_on() -> None:
    seen: list[Any] = []

    class Head(torch.nn.Module):
        def forward(self, inputs: Any, targets: Any) -> dict[str, torch.Tensor]:
            seen.extend(targets)
            return {"a": torch.tensor(1.0), "b": torch.tensor(2.5)}

    target = {
        "boxes": torch.tensor([[0.0, 0, 5, 5], [1, 1, 9, 9], [3, 3, 3, 8]]),
        "labels": torch.tensor([0, 1, 2]),
        "crowd": torch.tensor([False, True, False]),
        "area": torch.zeros(3),
    }
    assert float(DetectionLoss()(Head(), None, [target])) == 3.5
    assert seen[0]["labels"].tolist() == [0]
    assert set(seen[0]) == {"boxes", "labels"}


def test_predictions_are_in_pixels_of_the_original_images(data: Dataset) -> None:
    part = data.take(np.array([0, 7]))
    part.targets[0] = Boxes.of([[1, 2, 30, 40]], [2], [True], [77.0], size=(192, 64))
    found = TASK.predictions(
        part, [output([[0, 0, 96, 32], [90, 10, 99, 20]], [1, 0], [0.9, 0.2]), output([], [], [])]
    )
    assert found["pred_boxes"][0].tolist() == [[0, 0, 192, 64], [180, 20, 192, 40]]
    assert found["pred_labels"][0].tolist() == [1, 0]
    assert np.allclose(found["pred_scores"][0], [0.9, 0.2])
    assert found["pred_boxes"][1].shape == (0, 4)
    assert found["true_boxes"][0].tolist() == [[1, 2, 30, 40]]
    assert found["true_labels"][0].tolist() == [2]
    assert found["true_crowd"][0].tolist() == [True]
    assert found["true_area"][0].tolist() == [77]
    assert found["size"].tolist() == [[192, 64], [96, 64]]
    kinds = {name: values[0].dtype for name, values in found.columns.items() if name != "size"}
    assert kinds == {
        "pred_boxes": np.float32,
        "pred_labels": np.int64,
        "pred_scores": np.float32,
        "true_boxes": np.float32,
        "true_labels": np.int64,
        "true_crowd": bool,
        "true_area": np.float32,
    }


def test_predictions_survive_the_disk(data: Dataset, tmp_path: Path) -> None:
    part = data.take(np.array([0, 7]))
    found = TASK.predictions(part, [output([[0, 0, 9, 9]], [1], [0.9]), output([], [], [])])
    found.save(tmp_path / "p.parquet")
    again = type(found).load(tmp_path / "p.parquet")
    for name, column in found.columns.items():
        for one, other in zip(column, again[name], strict=True):
            assert np.array_equal(one, other)


def test_an_answer_is_json_with_the_boxes_worth_telling(data: Dataset) -> None:
    image = data.inputs[0]
    found = TASK.decode(
        [output([[0, 0, 48, 32], [0, 0, 5, 5]], [2, 0], [0.75, 0.1]), output([], [], [])],
        [image, image],
        CLASSES,
        {},
        3,
    )
    assert json.loads(json.dumps(found)) == [
        {"boxes": [{"class": "blue", "score": 0.75, "box": [0, 0, 48, 32]}]},
        {"boxes": []},
    ]


def test_a_model_that_returns_nan_says_so(data: Dataset) -> None:
    broken = output([[0, 0, 48, 32]], [2], [float("nan")])
    (found,) = TASK.decode([broken], [data.inputs[0]], CLASSES, {}, 3)
    assert "NaN" in found["error"]


def test_two_images_with_the_same_boxes_have_the_same_label() -> None:
    one = Boxes.of([[0, 0, 5, 5], [1, 1, 9, 9]], [0, 1])
    assert TASK.label(one, CLASSES) == TASK.label(one.take(np.array([1, 0])), CLASSES)
    assert TASK.label(one, CLASSES) != TASK.label(one.relabelled([1, 2, 0]), CLASSES)
    assert TASK.label(Boxes.of(), CLASSES) == "no boxes"


def test_the_canvas_follows_the_images_and_the_option(data: Dataset) -> None:
    module, preprocessing = small()
    for size, canvas in ((None, (224, 320)), (128, (96, 128))):
        chosen = ModelOptions(model="m", input_size=size)
        assembled = TASK.assemble(chosen, data, copy.deepcopy(module), preprocessing)
        assert isinstance(assembled.parts.module, Pyramid)
        assert assembled.preprocessing == Letterbox(*canvas, "bilinear", (0.5,) * 3, (0.5,) * 3)


def test_a_backbone_cannot_be_judged_as_it_comes(data: Dataset) -> None:
    module, preprocessing = small()
    assembled = TASK.assemble(ModelOptions(model="m"), data, module, preprocessing)
    with pytest.raises(UserError, match=r"Small comes without a detector.*Tune it first"):
        TASK.as_it_comes(assembled, data)


def test_a_whole_detector_is_judged_with_its_own_classes(data: Dataset) -> None:
    chosen = ModelOptions(model="ssdlite320_mobilenet_v3_large", weights="random")
    assembled = TASK.assemble(chosen, data)
    assert assembled.preprocessing.canvas == (320, 320)
    with pytest.raises(UserError, match="90 classes apart, which have no names; the data have 3"):
        TASK.as_it_comes(assembled, data)
    names = tuple(f"thing {i}" for i in range(90))
    assembled = replace(TASK.assemble(chosen, data), classes=names)
    network, classes = TASK.as_it_comes(assembled, data)
    assert classes == names
    with torch.no_grad():
        (found,) = network.eval()(assembled.preprocessing.example(1))
    assert (found["labels"] < 90).all()


def test_a_head_over_a_whole_detector_is_an_error(data: Dataset) -> None:
    chosen = ModelOptions(model="ssdlite320_mobilenet_v3_large", weights="random")
    assembled = TASK.assemble(chosen, data)
    with pytest.raises(UserError, match="has a head of its own, and --head fcos is given"):
        TASK.network(assembled, CLASSES, options(head="fcos"))


def test_a_whole_detector_is_restored_from_its_recipe(data: Dataset) -> None:
    chosen = ModelOptions(model="ssdlite320_mobilenet_v3_large", weights="random")
    assembled = TASK.assemble(chosen, data)
    network = TASK.network(assembled, CLASSES, options())
    assert all("classification_head" in name for name in network.fresh)
    again = TASK.restore(
        TASK.assemble(chosen, data).parts.module,
        json.loads(json.dumps(network.recipe)),
        assembled.preprocessing,
    )
    again.load_state_dict(network.state_dict())
    images = assembled.preprocessing.example(1)
    with torch.no_grad():
        one, other = network.eval()(images)[0], again.eval()(images)[0]
    assert torch.equal(one["boxes"], other["boxes"])


@pytest.mark.parametrize("head", ["fcos", "retinanet", "faster-rcnn", "ssdlite"])
def test_a_tuned_detector_is_loaded_again_as_it_was(
    head: str, data: Dataset, tmp_path: Path
) -> None:
    run = tuned(tmp_path, data, head=head, epochs=1, strategy="full", input_size=96)
    again = finetrust.load(tmp_path, allow_code=BUILDER)
    images = run.model.network.preprocessing.example(1)
    with torch.no_grad():
        one, other = run.model.network.eval()(images)[0], again.model.network.eval()(images)[0]
    assert torch.equal(one["boxes"], other["boxes"])
    assert torch.equal(one["scores"], other["scores"])
    assert again.model.classes == CLASSES


def test_it_learns_to_find_shapes(tmp_path: Path) -> None:
    many = shapes(tmp_path / "images", 48)
    rates = {"learning_rate": 5e-3, "backbone_learning_rate": 5e-3}
    run = tuned(
        tmp_path / "run",
        many,
        strategy="full",
        epochs=12,
        input_size=96,
        head="ssdlite",
        **rates,
    )
    assert run.folder.record["validation"]["ap50"] > 0.2
    images = [str(tmp_path / "images" / f"{i:03d}.png") for i in range(8)]
    answers = run.predict(*images, quiet=True)
    told = [(CLASSES.index(b["class"]), i) for i, a in enumerate(answers) for b in a["boxes"]]
    there = {(int(k), i) for i in range(8) for k in many.targets[i].labels}
    assert sum(box in there for box in told) > len(told) / 2 > 0


EVERYTHING = {
    "strategy": "full + ema(decay=0.9)",
    "epochs": 4,
    "batch_size": 4,
    "input_size": 64,
    "augment": "trivialaugment",
    "micro_batch_size": 2,
    "checkpoint_steps": 1,
    "head": "faster-rcnn",
}


def tuned_again(images: Path, out: Path) -> None:
    tuned(out, shapes(images, 16), resume=True, **EVERYTHING)


def test_a_run_killed_at_random_steps_ends_bitwise_the_same(tmp_path: Path) -> None:
    random.seed(3)
    images, cut = tmp_path / "images", tmp_path / "cut"
    tuned(tmp_path / "whole", shapes(images, 16), **EVERYTHING)
    for _ in range(2):
        kill_after(started(tuned_again, images, cut), cut, random.randint(1, 3))
    finish(started(tuned_again, images, cut))
    expected, found = weights_of(tmp_path / "whole"), weights_of(cut)
    assert expected.keys() == found.keys()
    assert all(torch.equal(tensor, found[name]) for name, tensor in expected.items())
