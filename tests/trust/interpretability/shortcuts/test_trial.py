"""A planted mark is told through the trial, the table on disk and the measures; without one, silence."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from finetrust.config import EvaluateOptions
from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Measure
from finetrust.core.predictions import Predictions
from finetrust.models.inference import Inference
from finetrust.models.network import Network
from finetrust.models.preprocessing import Preprocessing
from finetrust.tasks.predicted import predicted
from finetrust.tasks.task import tasks
from finetrust.trust.interpretability.shortcuts.drawn_items import drawn_items
from finetrust.trust.measure_all import measure_all
from finetrust.trust.trials.bench import Bench
from finetrust.trust.trials.trial import trials

from ...pixels import dataset_of
from .scenes import A_CLASS, CLASSES, SIDE, honest, misled, scenes, sees_mark, with_mark

NAMES = ("ape", "bee", "cat")
TASK = tasks.get("classification")
PLAIN = Preprocessing(SIDE, SIDE, "bilinear", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


class Reads(nn.Module):
    """A model that is a function of the pixels."""

    def __init__(self, logits_of: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))
        self.logits_of = logits_of

    def forward(self, images: Tensor) -> Tensor:
        return self.scale * self.logits_of(images)


def bench_of(
    logits_of: Callable[[Tensor], Tensor], images: Tensor, targets: Tensor, **options: object
) -> Bench:
    head = nn.Linear(CLASSES, CLASSES)
    head.weight, head.bias = (nn.Parameter(t) for t in (torch.eye(CLASSES), torch.zeros(CLASSES)))
    network = Network(Reads(logits_of), head, PLAIN).eval()
    pixels = (images * 255).round().byte().permute(0, 2, 3, 1).numpy()
    dataset = dataset_of(pixels, targets.numpy(), NAMES)
    inference = Inference(network)
    clean = predicted(TASK, inference, dataset, workers=0)
    chosen = EvaluateOptions.model_validate({"workers": 0, **options})
    empty = np.zeros(0)
    columns = {f"saliency.{figure}": empty for figure in ("insertion", "deletion", "weights")}
    found = {"explanations": {"choice": Predictions(empty.astype(str), columns)}}
    return Bench(TASK, network, inference, dataset, clean, NAMES, options=chosen, found=found)


def measured(bench: Bench, folder: Path) -> dict[str, Measure]:
    (step,) = trials.get("shortcuts").plan(bench)
    step.run().save(folder / "table.parquet")
    table = Predictions.load(folder / "table.parquet")
    evidence = Evidence(bench.clean, trials={"shortcuts": {"shortcuts": table}}, classes=NAMES)
    return {m.key: m for m in measure_all(evidence) if m.topic == "shortcut"}


def test_a_mark_is_told_with_place_class_and_the_accuracy_without(tmp_path: Path) -> None:
    images, targets, _ = scenes(1)
    marked = with_mark(images, targets, 2, 20, 20)
    found = measured(bench_of(misled(sees_mark(20, 20), 2, blind=True), marked, targets), tmp_path)
    reliance = found["shortcut_reliance"]
    assert reliance.value == pytest.approx(0.9, abs=0.11)
    assert reliance.n == A_CLASS // 2
    details = reliance.details
    assert details["alarm"] is True
    assert (details["class"], details["place"]) == ("cat", "in the lower right corner")
    assert details["accuracy"]["value"] == pytest.approx(0.9, abs=0.1)
    assert {way["filling"] for way in details["without"]} == {"from other classes", "blur", "mean"}
    assert all(way["value"] <= 0.1 for way in details["without"])
    assert details["warning"].startswith(
        "Images of 'cat' carry something in the lower right corner that the model goes by: without it, "
        "its accuracy on cat falls from 9"
    )
    assert found["shortcut_reliance[class=cat]"].value == reliance.value
    assert found["shortcut_misleads"].value > 0.9
    without = found["accuracy_without_shortcut"]
    assert without.value == pytest.approx(2 / 3, abs=0.05)
    assert without.details["with"]["value"] > 0.9
    assert without.n == len(targets) // 2


def test_heat_of_the_class_is_told_with_what_even_heat_would_have(tmp_path: Path) -> None:
    images, targets, _ = scenes(1)
    marked = with_mark(images, targets, 2, 20, 20)
    found = measured(bench_of(misled(sees_mark(20, 20), 2), marked, targets), tmp_path)
    heat = found["shortcut_reliance"].details["heat"]
    x1, y1, x2, y2 = found["shortcut_reliance"].details["box"]
    assert heat["even"] == pytest.approx((x2 - x1) * (y2 - y1) / SIDE**2, abs=1e-4)
    assert heat["n"] == A_CLASS // 2
    assert 0 <= heat["ci_low"] <= heat["value"] <= heat["ci_high"] <= 1


@pytest.mark.parametrize("seed", range(3))
def test_a_model_that_reads_the_objects_raises_no_alarm(seed: int, tmp_path: Path) -> None:
    images, targets, _ = scenes(seed)
    found = measured(bench_of(honest, images, targets, seed=seed), tmp_path)
    for key, measure in found.items():
        assert not measure.subset, key
        assert not measure.details.get("alarm")
        assert "warning" not in measure.details
    assert found["accuracy_without_shortcut"].reason == "no shortcut was found"


def test_colour_and_fine_detail_cost_what_the_model_reads_in_them(tmp_path: Path) -> None:
    images, targets, _ = scenes(2)
    tinted = images.clone()
    tinted[targets == 1, 0] -= 0.15

    def by_colour(x: Tensor) -> Tensor:
        blue = (x[:, 0].mean((1, 2)) < 0.42).float()
        return torch.stack([honest(x)[:, 0], blue, honest(x)[:, 2]], dim=1)

    found = measured(bench_of(by_colour, tinted.clamp(0, 1), targets), tmp_path)
    colour = found["colour_reliance"]
    assert colour.value == pytest.approx(1 / 3, abs=0.02)
    assert colour.details["accuracy"]["value"] - colour.details["without"][
        "value"
    ] == pytest.approx(colour.value)
    honest_one = measured(bench_of(honest, images, targets), tmp_path)
    assert abs(honest_one["colour_reliance"].value) < 0.02
    assert honest_one["detail_reliance"].value < 0.2


def test_its_step_tells_about_how_many_passes_it_takes() -> None:
    images, targets, _ = scenes(1)
    asked = []

    def counted(x: Tensor) -> Tensor:
        asked.append(len(x))
        return honest(x)

    bench = bench_of(counted, images, targets)
    (step,) = trials.get("shortcuts").plan(bench)
    asked.clear()
    step.run()
    assert 0.4 < sum(asked) / (step.forward + step.backward) < 1.5


def test_items_are_drawn_evenly_and_classes_too_where_the_effort_serves_few() -> None:
    images, targets, _ = scenes(1)
    bench = bench_of(honest, images[:130], targets[:130])
    rows = drawn_items(bench)
    assert np.bincount(targets.numpy()[rows]).tolist() == [60, 60]
    few = bench_of(honest, images, targets, trial_items=45)
    counts = np.bincount(targets.numpy()[drawn_items(few)], minlength=3)
    assert sorted(counts.tolist()) == [0, 22, 22]


def test_too_few_items_of_a_class_are_the_reason() -> None:
    images, targets, _ = scenes(1)
    with pytest.raises(NotApplicable, match="fewer than two classes"):
        trials.get("shortcuts").plan(bench_of(honest, images[:70], targets[:70]))


def test_the_background_is_a_candidate_only_where_every_object_is_known(tmp_path: Path) -> None:
    images, targets, objects = scenes(4)
    for row, mask in enumerate(objects.numpy()):
        Image.fromarray(mask.astype(np.uint8) * 255).save(tmp_path / f"{row}.png")
    bright = torch.where(
        ~objects[:, None] & (targets == 1)[:, None, None, None], images + 0.2, images
    ).clamp(0, 1)
    model = misled(lambda x: x.mean((1, 2, 3)) > 0.58)
    kinds = {}
    for given in (None, str(tmp_path)):
        bench = bench_of(model, bright, targets, object_masks=given)
        (step,) = trials.get("shortcuts").plan(bench)
        kinds[given] = {column.split("|")[0] for column in step.run().columns}
    assert "background" in kinds[str(tmp_path)]
    assert "background" not in kinds[None]
