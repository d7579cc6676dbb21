"""The trial of localisation of segmenters, on one of which it is known what its classes rest on."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from finetrust.config import EvaluateOptions
from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Estimate, measures
from finetrust.data.dataset import Dataset
from finetrust.data.masks.masks import IGNORE, MaskArray
from finetrust.models.inference import Inference
from finetrust.models.letterbox import Letterbox
from finetrust.models.network import Network, as_they_are
from finetrust.models.segmentation_preprocessing import Windows
from finetrust.tasks.predicted import predicted
from finetrust.tasks.task import tasks
from finetrust.trust.interpretability.localisation.mask_trial import MaskLocalisation, found_classes
from finetrust.trust.trials.bench import Bench

from ...pixels import Pixels
from .worlds import figures

TASK = tasks.get("segmentation")
CANVAS = Letterbox(64, 64, "bilinear", (0.5, 0.5, 0.5), (1.0, 1.0, 1.0))
CLASSES = ("bright", "dark")


class Bright(nn.Module):
    """How bright a place of 4 x 4 pixels is, and how dark."""

    def __init__(self, mirrored: bool = False) -> None:
        super().__init__()
        self.mirrored = mirrored

    def forward(self, images: Tensor) -> Tensor:
        bright = nn.functional.avg_pool2d(images.mean(1, keepdim=True), 4) + 0.5
        maps = torch.cat([bright, 1 - bright], 1)
        return maps.flip(3) if self.mirrored else maps


class Scores(nn.Module):
    """Each class reads its channel, perhaps on the other side of the image."""

    def __init__(self, mirrored: bool = False) -> None:
        super().__init__()
        self.scale = nn.Conv2d(2, 2, 1, bias=False)
        self.scale.weight = nn.Parameter(torch.eye(2)[:, :, None, None])
        self.mirrored = mirrored

    def forward(self, maps: Tensor | tuple[Tensor, ...]) -> Tensor:
        maps = maps[0] if isinstance(maps, tuple) else maps
        return self.scale(maps.flip(3) if self.mirrored else maps)


def bench_of(
    mirrored: bool = False, n: int = 6, preprocessing: Letterbox = CANVAS, **options: object
) -> Bench:
    """Return images of 64 x 32 pixels with a bright square on the left, at the upper half of a canvas.

    With `mirrored` the features are those of the other side, and the head looks on the other side for
    them: the answers are the same and the maps lie on the wrong side.
    """
    rng = np.random.default_rng(n)
    pixels = rng.integers(0, 60, (n, 32, 64, 3), dtype=np.uint8)
    pixels[:, 8:24, 4:24] += 190
    labels = np.ones((32, 64), np.uint8)
    labels[8:24, 4:24] = 0
    labels[:, 60:] = IGNORE
    targets = np.empty(n, object)
    targets[:] = [MaskArray(labels, 2) for _ in range(n)]
    ids = tuple(f"{row}.png" for row in range(n))
    dataset = Dataset(
        "masks", ids, Pixels(pixels), targets, CLASSES, np.full(n, "test"), task="segmentation"
    )
    around = preprocessing.around if isinstance(preprocessing, Windows) else None
    network = Network(
        Bright(mirrored), Scores(mirrored), preprocessing, features_of=as_they_are, around=around
    ).eval()
    inference = Inference(network)
    clean = predicted(TASK, inference, dataset, workers=0)
    chosen = EvaluateOptions.model_validate({"workers": 0, "effort": "quick", **options})
    return Bench(TASK, network, inference, dataset, clean, CLASSES, options=chosen)


def located(bench: Bench) -> dict:
    step, *_ = MaskLocalisation().plan(bench)
    return figures("pointing_game", bench.clean, step.run())


def test_classes_that_rest_on_their_pixels_are_told_from_those_that_do_not() -> None:
    assert located(bench_of())[""].value == 1
    square = {row: c for row, c in found_classes(bench_of(mirrored=True, n=30)).items() if c == 0}
    away = bench_of(mirrored=True, n=30)
    table = MaskLocalisation().plan(away)[0].run()
    on_square = np.isin(table.ids, [f"{row}.png" for row in square])
    assert 5 < on_square.sum() < 25
    assert (table["explanation.pointing"][on_square] == 0).all()


def test_what_must_not_be_judged_is_neither_on_nor_beside_the_object() -> None:
    bench = bench_of(n=12)
    table = MaskLocalisation().plan(bench)[0].run()
    # 64 x 32 pixels less 4 columns to ignore; the square or what is left of them.
    judged, square = 60 * 32, 20 * 16
    assert set(np.round(table["area"] * judged).astype(int)) == {square, judged - square}
    assert (table["explanation.iou"] > 0.9).all()


def test_maps_follow_the_weights() -> None:
    bench = bench_of(n=8)
    _, sanity = MaskLocalisation().plan(bench)
    table = sanity.run()
    assert sanity.name == "sanity"
    assert np.isfinite(table["seg_grad_cam.weights-1"]).all()
    assert {"seg_grad_cam.entropy", "seg_grad_cam.gini"} <= set(table.columns)
    evidence = Evidence(bench.clean, trials={"mask_localisation": {"sanity": table}})
    whole = next(iter(measures.get("weight_randomisation").estimate(evidence)))
    assert isinstance(whole, Estimate)
    assert (whole.n, whole.details["method"]) == (8, "seg_grad_cam")


def test_through_windows_the_maps_are_located_and_not_drawn_anew() -> None:
    windows = Windows(32, 32, "bilinear", (0.5, 0.5, 0.5), (1.0, 1.0, 1.0))
    bench = bench_of(preprocessing=windows)
    (step,) = MaskLocalisation().plan(bench)
    assert figures("pointing_game", bench.clean, step.run())[""].value == 1


def test_other_models_and_blind_ones_are_left_out_with_the_reason() -> None:
    bench = bench_of(n=2)
    without = replace(bench, clean=bench.clean.without("confusion"))
    with pytest.raises(NotApplicable, match="the outputs are not masks"):
        MaskLocalisation().plan(without)
    confusion = np.zeros_like(bench.clean["confusion"])
    confusion.reshape(2, 2, 2)[:, 0, 1] = 100
    wrong = replace(
        bench, clean=replace(bench.clean, columns={**bench.clean.columns, "confusion": confusion})
    )
    with pytest.raises(NotApplicable, match=r"no class was found in an image with an IoU of 0\.5"):
        MaskLocalisation().plan(wrong)
