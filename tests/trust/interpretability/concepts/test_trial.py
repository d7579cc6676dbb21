"""The trial of concepts on a network that is known to read how red an image is."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

import finetrust
from finetrust.config import EvaluateOptions
from finetrust.core.errors import NotApplicable, UserError
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Absence, Estimate, measures
from finetrust.core.predictions import Predictions
from finetrust.data.dataset import Dataset
from finetrust.models.inference import Inference
from finetrust.models.network import Network
from finetrust.models.preprocessing import Preprocessing
from finetrust.tasks.predicted import predicted
from finetrust.tasks.task import tasks
from finetrust.trust.interpretability.concepts.pooled_layer import (
    pooled_activations,
    pooled_gradients,
)
from finetrust.trust.interpretability.concepts.trial import rows_of_classes, sets_of
from finetrust.trust.trials.bench import Bench
from finetrust.trust.trials.trial import trials

from ...pixels import dataset_of

TASK, TRIAL = tasks.get("classification"), trials.get("concepts")
CLASSES = ("red", "not red")
SIDE, WIDTH = 16, 16


class Redness(nn.Module):
    """Random filters of an image; the fourth answers to red, the others to whatever they are drawn for."""

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.first = nn.Conv2d(3, 12, 3, padding=1)
        self.second = nn.Conv2d(12, WIDTH, 3, stride=2, padding=1)
        weight = torch.randn(12, 3, 3, 3, generator=generator) / 5
        weight[3] = torch.tensor([1.0, -0.5, -0.5]).view(3, 1, 1) / 9
        later = torch.randn(WIDTH, 12, 3, 3, generator=generator) / 30
        later[0] = 0
        later[0, 3] = 1 / 9
        self.first.weight, self.second.weight = nn.Parameter(weight), nn.Parameter(later)
        for layer in (self.first, self.second):
            layer.bias = nn.Parameter(torch.full((layer.out_channels,), 0.05))

    def forward(self, images: Tensor) -> Tensor:
        return self.second(self.first(images).relu()).relu().mean(dim=(2, 3))


def network() -> Network:
    """Return a network whose first logit rises with red alone, and whose second is its opposite."""
    head = nn.Linear(WIDTH, 2)
    weight = torch.zeros(2, WIDTH)
    weight[0, 0], weight[1, 0] = 20.0, -20.0
    head.weight, head.bias = nn.Parameter(weight), nn.Parameter(torch.tensor([-3.0, 3.0]))
    plain = Preprocessing(SIDE, SIDE, "bilinear", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    return Network(Redness(), head, plain).eval()


def pictures(n: int, seed: int, tint: tuple[int, int, int] = (0, 0, 0)) -> np.ndarray:
    """Return images of random colours, light and textures, with a tint on top."""
    rng = np.random.default_rng(seed)
    base = rng.integers(50, 150, (n, 1, 1, 1)) + rng.integers(-12, 12, (n, 1, 1, 3))
    texture = rng.integers(0, 60, (n, 1, 1, 1)) * rng.uniform(-1, 1, (n, SIDE, SIDE, 3))
    return (base + texture + np.array(tint)).clip(0, 255).astype(np.uint8)


def concept(home: Path, images: np.ndarray) -> Path:
    home.mkdir(parents=True)
    for i, image in enumerate(images):
        Image.fromarray(image).save(home / f"{i:03d}.png")
    return home.parent


def concepts(home: Path) -> str:
    concept(home / "red", pictures(30, 7, (90, -20, -20)))
    return str(concept(home / "random", pictures(30, 8)))


def bench(
    folder: str | None, training: Dataset | None = None, n: int = 60, **options: object
) -> Bench:
    pixels = pictures(n, 1)
    red = pixels[..., 0].mean((1, 2)) > pixels[..., 1:].mean((1, 2, 3))
    dataset = dataset_of(pixels, np.where(red, 0, 1), CLASSES)
    own = network()
    inference = Inference(own)
    inference.batch_size = 13
    chosen = {"workers": 0, "concepts": folder, **options}
    return Bench(
        TASK,
        own,
        inference,
        dataset,
        predicted(TASK, inference, dataset, 0),
        CLASSES,
        options=EvaluateOptions.model_validate(chosen),
        find_training=lambda: training,
    )


def training(n: int = 700) -> Dataset:
    return dataset_of(pictures(n, 2), np.zeros(n), CLASSES)


def evidence(own: Bench) -> Evidence:
    tables = {step.name: step.run() for step in TRIAL.plan(own)}
    return Evidence(own.clean, trials={"concepts": tables}, classes=CLASSES)


def test_red_counts_for_a_network_that_reads_red_and_random_images_do_not(tmp_path: Path):
    own = evidence(bench(concepts(tmp_path), training()))
    found = {e.subset: e for e in measures.get("concept_sensitivity").estimate(own)}
    assert len(found) == 4
    red, against = found["concept=red,class=red"], found["concept=red,class=not red"]
    assert red.value > 0.2
    assert red.ci_low > 0
    assert red.details["p_value"] < 0.05
    assert red.details["tcav_score"] > 0.9
    assert (red.details["examples"], red.details["random_sets"]) == (30, 20)
    assert against.value < -0.2
    assert against.ci_high < 0
    for target in CLASSES:
        assert found[f"concept=random,class={target}"].details["p_value"] > 0.05
    whole = next(measures.get("significant_concepts").estimate(own))
    assert (whole.value, whole.n) == (0.5, 4)
    assert [pair["concept"] for pair in whole.details["pairs"][:2]] == ["red", "red"]


def test_the_layer_that_the_user_names_is_read(tmp_path: Path):
    folder = concepts(tmp_path)
    settings = {}
    for layer in ("backbone.first", "backbone.second", None):
        (step,) = TRIAL.plan(bench(folder, training(), target_layer=layer))
        settings[layer] = step.settings["layer"]
    assert settings == {
        "backbone.first": "backbone.first",
        "backbone.second": "backbone.second",
        None: "backbone.second",
    }
    found = evidence(bench(folder, training(), target_layer="backbone.first"))
    first = next(measures.get("concept_sensitivity").estimate(found))
    assert first.subset == "concept=random,class=red"
    (red,) = (
        e
        for e in measures.get("concept_sensitivity").estimate(found)
        if e.subset == "concept=red,class=red"
    )
    assert red.value > 0.3


def test_what_it_costs_is_told(tmp_path: Path):
    (step,) = TRIAL.plan(bench(concepts(tmp_path), training()))
    assert (step.forward, step.backward) == (20 * 30 + 60, 60)


def test_the_slope_along_a_direction_is_that_of_the_logit_if_it_is_added_everywhere():
    model = network()
    images = torch.from_numpy(pictures(4, 3)).permute(0, 3, 1, 2).float() / 255
    targets, layer = torch.tensor([0, 1, 0, 1]), model.backbone.second
    slopes = pooled_gradients(model, images, targets, layer).double()
    direction = torch.randn(WIDTH, generator=torch.Generator().manual_seed(1)).double()

    def logits(step: float) -> Tensor:
        add = layer.register_forward_hook(lambda m, i, o: o + step * direction.view(-1, 1, 1))
        try:
            with torch.no_grad():
                return model.double()(images.double()).gather(1, targets[:, None])[:, 0]
        finally:
            add.remove()

    measured = (logits(1e-6) - logits(-1e-6)) / 2e-6
    torch.testing.assert_close(slopes @ direction, measured, rtol=1e-3, atol=1e-3)


def test_activations_are_the_mean_over_the_places():
    model = network()
    images = torch.from_numpy(pictures(4, 3)).permute(0, 3, 1, 2).float() / 255
    found = pooled_activations(model, images, model.backbone.second)
    with torch.no_grad():
        maps = model.backbone.second(model.backbone.first(images).relu())
    torch.testing.assert_close(found, maps.mean((2, 3)))


@pytest.mark.parametrize(
    ("images", "size", "expected"),
    [(5000, 50, (20, 50)), (600, 50, (12, 50)), (200, 50, (10, 20)), (60, 30, (10, 6)),
     (30, 30, (6, 5)), (25, 5, (5, 5))],
)  # fmt: skip
def test_random_sets_are_rather_small_than_few(images: int, size: int, expected: tuple[int, int]):
    count, of = sets_of(images, size)
    assert (count, of) == expected
    assert count * of <= images


def test_too_few_images_for_random_sets_are_the_reason(tmp_path: Path):
    with pytest.raises(NotApplicable, match="24 images to draw random sets from"):
        TRIAL.plan(bench(concepts(tmp_path), training(24)))


def test_without_training_images_random_sets_are_of_those_judged(tmp_path: Path):
    (step,) = TRIAL.plan(bench(concepts(tmp_path), None, n=80))
    drawn = {item for one in step.settings["sets"] for item in one}
    assert drawn <= {f"{i}.png" for i in range(80)}


def test_classes_have_as_many_items_as_the_effort_is_worth():
    own = bench(None, n=60)
    assert len(rows_of_classes(own)) == 60
    assert len(rows_of_classes(bench(None, n=60, trial_items=12))) == 12
    many = replace(own, classes=tuple(map(str, range(100))))
    taken = own.clean["target"][rows_of_classes(many)]
    assert np.bincount(taken).tolist() == [10, 10]


def test_items_without_an_answer_are_left_out(tmp_path: Path):
    own = bench(concepts(tmp_path), training())
    logits = own.clean["logits"].copy()
    logits[7] = np.nan
    own = replace(own, clean=replace(own.clean, columns={**own.clean.columns, "logits": logits}))
    (step,) = TRIAL.plan(own)
    assert 7 not in step.settings["rows"]


def test_a_class_of_few_items_is_absent_with_the_reason(tmp_path: Path):
    own = bench(concepts(tmp_path), training())
    target = own.clean["target"].copy()
    target[np.flatnonzero(target == 0)[3:]] = 1
    clean = replace(own.clean, columns={**own.clean.columns, "target": target})
    found = list(measures.get("concept_sensitivity").estimate(evidence(replace(own, clean=clean))))
    assert sum(isinstance(e, Estimate) for e in found) == 2
    assert Absence("3 items of the class are too few", "concept=red,class=red") in found


def test_nothing_is_tested_without_concepts_or_for_another_kind_of_output(tmp_path: Path):
    with pytest.raises(NotApplicable, match="no concepts are given"):
        TRIAL.plan(bench(None, training()))
    own = bench(concepts(tmp_path), training())
    with pytest.raises(NotApplicable, match="row of logits"):
        TRIAL.plan(replace(own, clean=own.clean.without("logits")))


def test_a_wrong_folder_or_task_is_an_error_before_anything_is_run(tmp_path: Path):
    TRIAL.check(EvaluateOptions(), TASK)
    with pytest.raises(UserError, match="option 'concepts'"):
        TRIAL.check(EvaluateOptions(concepts=str(tmp_path / "nothing")), TASK)
    folder = concepts(tmp_path)
    TRIAL.check(EvaluateOptions(concepts=folder), TASK)
    with pytest.raises(UserError, match="concepts are images, and the model takes texts"):
        TRIAL.check(EvaluateOptions(concepts=folder), tasks.get("text-classification"))


def test_other_concepts_and_other_random_images_are_other_settings(tmp_path: Path):
    folder = concepts(tmp_path)

    def settings(own: Bench) -> object:
        (step,) = TRIAL.plan(own)
        return step.settings

    first = settings(bench(folder, training()))
    assert settings(bench(folder, training())) == first
    assert settings(bench(folder, training(), seed=1)) != first
    Image.fromarray(pictures(1, 99)[0]).save(tmp_path / "red" / "000.png")
    assert settings(bench(folder, training())) != first


def test_concepts_reach_the_profile_of_digits_from_the_option(tmp_path: Path):
    concept(tmp_path / "concepts" / "noise", pictures(12, 5))
    run = finetrust.tune(
        "glyphnet", "digits:12", strategy="linear-probe", epochs=2, quiet=True,
        out=str(tmp_path / "run"),
    )  # fmt: skip
    options = {"trials": "concepts", "pictures": 0, "quiet": True, "trial_items": 60}
    profile = run.evaluate(concepts=str(tmp_path / "concepts"), **options)
    pairs = [m for m in profile.measures if m.name == "concept_sensitivity" and m.applies]
    assert {m.subset for m in pairs} <= {f"concept=noise,class={i}" for i in range(10)}
    assert len(pairs) >= 5
    assert profile["significant_concepts"].n == len(pairs)
    kept = Predictions.load(run.folder.predictions / "test" / "concepts" / "sensitivity.parquet")
    assert len(kept) == 60
    with pytest.raises(UserError, match="option 'concepts'"):
        run.evaluate(concepts=str(tmp_path / "nothing"), **options)
