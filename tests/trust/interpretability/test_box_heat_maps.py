"""Boxes are shown as pairs of pictures, plain and under heat, each with a sentence that says what it is."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from finetrust.data.boxes.boxes import Boxes
from finetrust.data.dataset import Dataset
from finetrust.tasks.task import tasks
from finetrust.trust.interpretability.explanation import Decisions, explanations

from .test_box_heat import LEFT, RIGHT, network, picture

CLASSES = ("red", "green", "blue")
SMALL = [28.0, 2, 36, 10]


class Pictures:
    """One image of 128 x 128 pixels, over and over."""

    def __init__(self, n: int) -> None:
        self.n = n

    def __len__(self) -> int:
        return self.n

    def __getitem__(self, index: int) -> Image.Image:
        return Image.fromarray(picture().permute(1, 2, 0).numpy()).resize((128, 128), 0)


@pytest.fixture
def decisions(tmp_path: Path) -> Decisions:
    """One right box, one of another class on an object, and one object that was missed."""
    net = network()
    targets = np.empty(1, object)
    double = [[2 * x for x in box] for box in (LEFT, RIGHT, SMALL)]
    targets[0] = Boxes.of(double, [0, 2, 2], size=(128, 128))
    data = Dataset("p", ("a",), Pictures(1), targets, CLASSES, np.array(["test"]), task="detection")
    found = net.eval()(net.preprocessing.collate([net.preprocessing.transform()(data.inputs[0])]))
    predictions = tasks.get("detection").predictions(data, found)
    return Decisions(net, data, predictions, CLASSES, {}, 3, 0, tmp_path / "pictures")


def test_each_case_has_two_pictures_and_a_sentence(decisions: Decisions) -> None:
    shown = explanations.get("box_heat_maps")(decisions)
    assert [(p["kind"], p["caption"]) for p in shown] == [
        ("confident error", "blue taken for green with a score of 0.37"),
        ("missed object", "blue, missed; not a trace of it was found"),
        ("missed object", "blue, missed; not a trace of it was found"),
        ("random correct", "red, right, with a score of 0.37"),
    ]
    for entry in shown:
        assert entry["id"] == "a"
        plain, hot = (
            np.array(Image.open(decisions.folder / entry[n])) for n in ("file", "overlay")
        )
        assert plain.shape == hot.shape == (512, 512, 3)


def test_the_box_in_question_is_orange_and_the_others_are_white(decisions: Decisions) -> None:
    *_, right = explanations.get("box_heat_maps")(decisions)
    plain = np.array(Image.open(decisions.folder / right["file"]))
    _, y1, x2, y2 = (round(8 * x) for x in LEFT)
    assert tuple(plain[(y1 + y2) // 2, x2]) == (255, 120, 0)
    _, y1, x2, y2 = (round(8 * x) for x in SMALL)
    assert tuple(plain[(y1 + y2) // 2, x2]) == (255, 255, 255)


def test_the_heat_of_the_right_box_lies_in_it(decisions: Decisions) -> None:
    *_, right = explanations.get("box_heat_maps")(decisions)
    hot = np.array(Image.open(decisions.folder / right["overlay"])).astype(int)
    orange = hot[..., 0] - hot[..., 2]
    assert orange[200:250, 50:100].min() > 60
    assert orange[200:250, 350:450].max() < 20


def test_nothing_is_shown_of_images_without_boxes(decisions: Decisions) -> None:
    empty = decisions.predictions.columns | {
        name: np.array([None], object) for name in ("pred_boxes", "true_boxes")
    }
    for name, values in decisions.predictions.columns.items():
        if name != "size":
            empty[name] = np.empty(1, object)
            empty[name][0] = values[0][:0]
    nothing = Decisions(
        **{**vars(decisions), "predictions": type(decisions.predictions)(np.array(["a"]), empty)}
    )
    assert explanations.get("box_heat_maps")(nothing) == ()
    assert not decisions.folder.exists()
