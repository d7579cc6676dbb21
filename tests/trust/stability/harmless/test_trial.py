"""The trial of harmless changes on models of which it is known what they look at."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

from finetrust.config import EvaluateOptions
from finetrust.core.errors import NotApplicable, UserError
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Absence, Estimate, measures
from finetrust.core.predictions import Predictions
from finetrust.models.inference import Inference
from finetrust.models.network import Network
from finetrust.models.preprocessing import Preprocessing
from finetrust.tasks.predicted import predicted
from finetrust.tasks.task import tasks
from finetrust.trust.stability.harmless.trial import HarmlessChanges
from finetrust.trust.trials.bench import Bench
from finetrust.trust.trials.trial import trials

from ...pixels import Pixels, dataset_of
from .scenes import scenes

TASK = tasks.get("classification")
CLASSES = ("dark", "bright")


class Looking(nn.Module):
    """Two features, of brightness and its opposite, from what a function sees in images."""

    def __init__(self, look: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.look = look
        self.scale = nn.Parameter(torch.tensor(20.0))

    def forward(self, images: Tensor) -> Tensor:
        bright = self.scale * (self.look(images) - 0.5)
        return torch.stack([-bright, bright], dim=1)


def corner(images: Tensor) -> Tensor:
    """See the one pixel in the upper left corner."""
    return images[:, :, 0, 0].mean(1)


def nothing(images: Tensor) -> Tensor:
    return torch.zeros(len(images))


def ring(images: Tensor) -> Tensor:
    """See edges anywhere alike: a convolution around the ring, and the mean over all places."""
    kernel = torch.tensor([[0.0, -1, 0], [-1, 4, -1], [0, -1, 0]]).expand(1, 3, 3, 3)
    around = functional.pad(images, (1, 1, 1, 1), mode="circular")
    return 20 * functional.conv2d(around, kernel).abs().mean((1, 2, 3))


def bench_of(
    look: Callable[[Tensor], Tensor],
    pixels: np.ndarray,
    resize: int = 32,
    **options: object,
) -> Bench:
    plain = Preprocessing(32, resize, "bilinear", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    network = Network(Looking(look), nn.Identity(), plain).eval()
    dataset = dataset_of(pixels, np.zeros(len(pixels)), CLASSES)
    inference = Inference(network)
    inference.batch_size = 7
    clean = predicted(TASK, inference, dataset, workers=0)
    chosen = EvaluateOptions.model_validate({"workers": 0, "effort": "standard", **options})
    return Bench(TASK, network, inference, dataset, clean, CLASSES, options=chosen)


def held(bench: Bench) -> dict[str, Predictions]:
    return {step.name: step.run() for step in trials.get("harmless_changes").plan(bench)}


def figures(name: str, bench: Bench) -> dict[str, Estimate | Absence]:
    evidence = Evidence(bench.clean, trials={"harmless_changes": held(bench)})
    return {found.subset: found for found in measures.get(name).estimate(evidence)}


def checked(n: int, seed: int = 0) -> np.ndarray:
    """Return images in which the shade of a pixel says nothing of that of its neighbour."""
    shades = np.random.default_rng(seed).integers(0, 2, (n, 32, 32, 1), dtype=np.uint8)
    return np.repeat(255 * shades, 3, axis=3)


def islands(n: int) -> np.ndarray:
    """Return pictures in the middle of even grey, so far from the border that none of it gets there."""
    images = np.full((n, 32, 32, 3), 90, np.uint8)
    images[:, 10:22, 10:22] = scenes(n, 12)
    return images


def test_a_model_that_reads_one_corner_pixel_is_caught_by_the_shift():
    found = figures("harmless_consistency", bench_of(corner, checked(60), harmless_changes="shift"))
    by_change = found["change=shift"].details
    # Moved right or down by 1 the corner is mirrored into itself; else it is another pixel's shade.
    assert by_change["right-1"] == by_change["down-1"] == 1
    others = [value for name, value in by_change.items() if name not in ("right-1", "down-1")]
    assert max(others) < 0.75
    flips = figures("harmless_any_flip", bench_of(corner, checked(60), harmless_changes="shift"))
    assert flips[""].ci_low > 0.9


def test_a_constant_model_is_perfectly_consistent():
    bench = bench_of(nothing, checked(20), resize=36)
    kept = figures("harmless_consistency", bench)
    assert all(e.value == e.ci_high == 1 for e in kept.values() if isinstance(e, Estimate))
    assert kept[""].ci_low < 0.9, "20 items do not prove it"
    assert figures("harmless_any_flip", bench)[""].value == 0
    moved = figures("harmless_confidence_change", bench)[""]
    assert (moved.value, moved.details["largest"]) == (0, 0)


def test_a_model_that_is_invariant_to_shifts_is_consistent_under_them():
    images = islands(30)
    median = float(np.median(bench_of(ring, images).clean["logits"][:, 1])) / 20

    def either_side(pixels: Tensor) -> Tensor:
        return ring(pixels) - median

    bench = bench_of(either_side, images, harmless_changes="shift,crop")
    assert 0.3 < (bench.clean["logits"].argmax(1) == 0).mean() < 0.7
    kept = figures("harmless_consistency", bench)
    assert kept["change=shift"].value == 1
    assert kept["change=crop"].value < 1


def test_what_alters_no_pixel_is_no_test_and_is_not_put_to_the_model():
    grey = np.repeat(scenes(9)[..., :1], 3, axis=3)
    bench = bench_of(corner, grey, harmless_changes="resize,colour,flip")
    tables = held(bench)
    assert not any(tables[name]["altered"].any() for name in tables if "flip" not in name)
    same = tables["resize.tensor-bicubic"]
    np.testing.assert_array_equal(same["logits"], bench.clean["logits"])
    assert set(same.columns) == {"target", "logits", "altered"}
    found = figures("harmless_worst_case_accuracy", bench)
    assert {subset for subset, e in found.items() if isinstance(e, Absence)} == {
        "change=resize",
        "change=colour",
    }
    only = bench_of(corner, grey, harmless_changes="resize")
    with pytest.raises(NotApplicable, match="alter no pixel"):
        figures("harmless_accuracy", only)


def test_resizes_are_compared_from_the_original():
    fine = np.zeros((8, 96, 96, 3), np.uint8)
    fine[:, :, 1::3] = 255  # a pixel in the middle of each three: aliased sampling sees white only
    bench = bench_of(lambda images: images.mean((1, 2, 3)), fine, harmless_changes="resize")
    found = figures("harmless_consistency", bench)["change=resize"].details
    assert found["tensor-bicubic"] == found["pil-bicubic"] == 1
    assert found["tensor-bilinear-aliased"] == 0


def test_families_are_those_that_the_user_names_or_the_usual_ones():
    bench = bench_of(corner, checked(3), resize=36)
    names = {step.name.partition(".")[0] for step in HarmlessChanges().plan(bench)}
    assert names == {"flip", "shift", "rotation", "crop", "resize", "jpeg", "colour"}
    writing = replace(bench, dataset=replace(bench.dataset, mirrored_alike=False))
    unmirrored = {step.name.partition(".")[0] for step in HarmlessChanges().plan(writing)}
    assert names - unmirrored == {"flip"}
    asked = bench_of(corner, checked(3), harmless_changes="vertical_flip,flip")
    steps = HarmlessChanges().plan(asked)
    assert [step.name for step in steps] == ["vertical_flip.vertical", "flip.horizontal"]
    assert [step.forward for step in steps] == [3, 3]
    with pytest.raises(NotApplicable, match="no harmless change was asked for"):
        HarmlessChanges().plan(bench_of(corner, checked(3), harmless_changes="none"))
    wrong = EvaluateOptions.model_validate({"harmless_changes": "flop"})
    with pytest.raises(UserError, match="Did you mean 'flip'"):
        HarmlessChanges().check(wrong, TASK)


def test_a_quick_look_takes_a_few_of_each_family_and_still_catches_the_corner():
    quick = bench_of(corner, checked(60), resize=36, effort="quick")
    steps = [step.name for step in HarmlessChanges().plan(quick)]
    whole = [
        s.name
        for s in HarmlessChanges().plan(
            replace(quick, options=EvaluateOptions.model_validate({"effort": "full"}))
        )
    ]
    assert set(steps) < set(whole)
    assert {name.partition(".")[0] for name in steps} == {n.partition(".")[0] for n in whole}
    shifts = [name for name in steps if name.startswith("shift")]
    assert shifts == ["shift.left-1", "shift.down-1", "shift.right-4", "shift.up-4"]
    assert len(steps) == 13
    kept = figures("harmless_consistency", quick)["change=shift"]
    assert kept.ci_high < 0.75


def test_a_sample_is_changed_and_stays_in_the_order_of_the_items():
    bench = bench_of(corner, checked(30), harmless_changes="flip", trial_items=11)
    table = held(bench)["flip.horizontal"]
    rows = bench.sample()
    assert table.ids.tolist() == [bench.dataset.ids[row] for row in rows]
    pixels = bench.dataset.inputs.pixels
    assert isinstance(bench.dataset.inputs, Pixels)
    mirrored = pixels[rows][:, 0, -1, 0] > 127
    np.testing.assert_array_equal(table["logits"].argmax(1) == 1, mirrored)
    assert Image.fromarray(pixels[0]).size == (32, 32)


def test_without_rows_of_logits_there_is_nothing_to_keep():
    bench = bench_of(corner, checked(3))
    columns = {"target": bench.clean["target"]}
    without = replace(bench, clean=Predictions(bench.clean.ids, columns))
    with pytest.raises(NotApplicable, match="not one row of logits"):
        HarmlessChanges().plan(without)
