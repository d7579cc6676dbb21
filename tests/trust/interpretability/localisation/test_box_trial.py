"""The trial of localisation of detectors, on one of which it is known what its boxes rest on."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from finetrust.config import EvaluateOptions
from finetrust.core.errors import NotApplicable
from finetrust.data.boxes.boxes import Boxes
from finetrust.data.dataset import Dataset
from finetrust.models.inference import Inference
from finetrust.models.letterbox import Letterbox
from finetrust.models.network import Network, as_they_are
from finetrust.tasks.predicted import predicted
from finetrust.tasks.task import tasks
from finetrust.trust.interpretability.localisation.box_trial import BoxLocalisation, found_boxes
from finetrust.trust.trials.bench import Bench

from ...pixels import Pixels
from .worlds import figures

TASK = tasks.get("detection")
CANVAS = Letterbox(64, 64, "bilinear", (0.5, 0.5, 0.5), (1.0, 1.0, 1.0))
LEFT, RIGHT = slice(0, 3), slice(5, 8)
BOX = [0.0, 8, 24, 24]


class Maps(nn.Module):
    """The red of the image by places of 8 x 8 pixels."""

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        return (nn.functional.avg_pool2d(images[:, :1] + 0.5, 8),)


class OneBox(nn.Module):
    """Finds the box on the left by what stands in some columns of its rows."""

    def __init__(self, reads: slice, smooth: bool = True) -> None:
        super().__init__()
        self.reads, self.smooth = reads, smooth
        self.unused = nn.Parameter(torch.zeros(1))

    def forward(self, features: tuple[Tensor, ...], targets: object = None) -> list[dict]:
        scores = features[0][:, 0, 1:3, self.reads].mean((1, 2)).clamp(max=1)
        scores = scores if self.smooth else scores.detach()
        return [
            {
                "boxes": features[0].new_tensor([BOX]),
                "scores": score[None],
                "labels": torch.tensor([0]),
                "canvas": torch.tensor([64, 64]),
            }
            for score in scores
        ]


def bench_of(reads: slice, n: int = 6, smooth: bool = True, **options: object) -> Bench:
    """Return images of 128 x 64 pixels, half a canvas, that are red on the left and on the right."""
    rng = np.random.default_rng(n)
    pixels = rng.integers(0, 40, (n, 64, 128, 3), dtype=np.uint8)
    pixels[:, 16:48, :48, 0] += 200
    pixels[:, 16:48, 80:, 0] += 200
    targets = np.empty(n, object)
    targets[:] = [Boxes.of([[0, 16, 48, 48]], [0], size=(128, 64)) for _ in range(n)]
    ids = tuple(f"{row}.png" for row in range(n))
    dataset = Dataset(
        "boxes", ids, Pixels(pixels), targets, ("cell",), np.full(n, "test"), task="detection"
    )
    network = Network(Maps(), OneBox(reads, smooth), CANVAS, features_of=as_they_are).eval()
    inference = Inference(network)
    clean = predicted(TASK, inference, dataset, workers=0)
    chosen = EvaluateOptions.model_validate({"workers": 0, "effort": "quick", **options})
    return Bench(TASK, network, inference, dataset, clean, ("cell",), options=chosen)


def test_boxes_that_rest_on_their_object_are_told_from_those_that_do_not() -> None:
    on, beside = bench_of(LEFT), bench_of(RIGHT)
    (step,), (other,) = BoxLocalisation().plan(on), BoxLocalisation().plan(beside)
    looks = figures("pointing_game", on.clean, step.run())
    away = figures("pointing_game", beside.clean, other.run())
    assert (looks[""].value, away[""].value) == (1, 0)
    assert looks["baseline=centre"].value == 0
    assert looks[""].details["area"] == pytest.approx(48 * 32 / (128 * 64))
    energy = figures("energy_pointing", on.clean, step.run())
    assert energy[""].value > 0.6
    assert energy["baseline=random"].value < 0.4


def test_only_the_image_is_judged_not_the_canvas_beside_it() -> None:
    bench = bench_of(LEFT)
    (step,) = BoxLocalisation().plan(bench)
    table = step.run()
    # On the whole canvas the middle would be the lower border of the image, and half as much the area.
    width, height = 64, 32
    y, x = np.mgrid[:height, :width] + 0.5
    centre = np.exp(-(((y / height - 0.5) / 0.25) ** 2 + ((x / width - 0.5) / 0.25) ** 2) / 2)
    expected = centre[8:24, :24].sum() / centre.sum()
    np.testing.assert_allclose(table["centre.energy"], expected, rtol=1e-5)


def test_only_images_with_a_right_box_are_asked_for() -> None:
    bench = bench_of(LEFT)
    scores = bench.clean["pred_scores"].copy()
    scores[2] = np.array([0.1], np.float32)
    weak = replace(
        bench, clean=replace(bench.clean, columns={**bench.clean.columns, "pred_scores": scores})
    )
    assert sorted(found_boxes(weak)) == [0, 1, 3, 4, 5]
    assert all((case.annotated == [0, 16, 48, 48]).all() for case in found_boxes(weak).values())
    (step,) = BoxLocalisation().plan(weak)
    assert step.run().ids.tolist() == [f"{row}.png" for row in (0, 1, 3, 4, 5)]
    for row in range(6):
        scores[row] = np.array([0.1], np.float32)
    with pytest.raises(NotApplicable, match=r"no object was found with a score of 0\.3"):
        BoxLocalisation().plan(weak)


def test_of_several_right_boxes_one_is_drawn_by_the_seed() -> None:
    bench = bench_of(LEFT, n=40)
    two = np.array([[0, 16, 48, 48], [80, 16, 128, 48]], np.float32)
    columns = {
        **bench.clean.columns,
        **{name: _rows([two] * 40) for name in ("pred_boxes", "true_boxes")},
        **{name: _rows([np.zeros(2, int)] * 40) for name in ("pred_labels", "true_labels")},
        "true_crowd": _rows([np.zeros(2, bool)] * 40),
        "pred_scores": _rows([np.array([0.9, 0.8], np.float32)] * 40),
    }
    both = replace(bench, clean=replace(bench.clean, columns=columns))
    drawn = [case.box[0] for case in found_boxes(both).values()]
    assert drawn == [case.box[0] for case in found_boxes(both).values()]
    assert 8 < sum(left == 0 for left in drawn) < 32


def test_detectors_without_maps_and_other_models_are_left_out_with_the_reason() -> None:
    with pytest.raises(NotApplicable, match="no gradient by the feature maps"):
        BoxLocalisation().plan(bench_of(LEFT, smooth=False))
    bench = bench_of(LEFT, n=1)
    without = replace(bench, clean=bench.clean.without("pred_boxes"))
    with pytest.raises(NotApplicable, match="the outputs are not boxes"):
        BoxLocalisation().plan(without)


def _rows(values: list[np.ndarray]) -> np.ndarray:
    rows = np.empty(len(values), object)
    rows[:] = values
    return rows
