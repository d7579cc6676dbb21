"""Strips of images: the items, what is shown of each, and that it is what the figures rest on."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from finetrust.config import EvaluateOptions
from finetrust.core.predictions import Predictions
from finetrust.models.inference import Inference
from finetrust.tasks.predicted import predicted
from finetrust.tasks.task import tasks
from finetrust.trust.accuracy.probabilities import calibrated
from finetrust.trust.stability.strips.attacked import enlarged_difference
from finetrust.trust.stability.strips.strip import example_strips
from finetrust.trust.trials.bench import Bench
from finetrust.trust.trials.trial import trials

from ...pixels import colour_network, dataset_of, red_and_blue_squares

TASK = tasks.get("classification")
CLASSES = ("red", "blue")
# The mean of red less that of blue over the image, which an attack has to take away from both.
DISTANCE = 64 / 1024 * 235 / 2
Tables = dict[str, dict[str, Predictions]]


def bench_of(n: int = 8, wrong: tuple[int, ...] = (5,), **options: object) -> Bench:
    pixels, targets = red_and_blue_squares(n)
    targets = targets.copy()
    targets[list(wrong)] = 1 - targets[list(wrong)]
    dataset, network = dataset_of(pixels, targets, CLASSES), colour_network()
    inference = Inference(network)
    inference.batch_size = 8
    clean = predicted(TASK, inference, dataset, workers=0)
    chosen = EvaluateOptions.model_validate(
        {"workers": 0, "corruptions": "contrast", "severities": "1,5", **options}
    )
    calibration = {"temperature": 3.0}
    return Bench(TASK, network, inference, dataset, clean, CLASSES, calibration, options=chosen)


def held(bench: Bench, *names: str) -> Tables:
    return {
        name: {step.name: step.run() for step in trials.get(name).plan(bench)} for name in names
    }


@pytest.fixture(scope="module")
def bench() -> Bench:
    return bench_of()


@pytest.fixture(scope="module")
def tables(bench: Bench) -> Tables:
    return held(bench, "corruptions", "adversarial")


def with_flip(bench: Bench, row: int, step: str = "shift.down-4") -> dict[str, Predictions]:
    """Return a table of harmless changes in which one answer is another one."""
    logits = bench.clean["logits"].copy()
    logits[row] = logits[row, ::-1]
    columns = {**bench.clean.columns, "logits": logits, "altered": np.ones(len(logits))}
    columns.pop("features", None)
    return {step: Predictions(bench.clean.ids, columns)}


def test_right_answers_and_a_wrong_one_are_shown_under_the_mildest_and_the_severest(
    bench: Bench, tables: Tables, tmp_path: Path
) -> None:
    found = example_strips(bench, tables, tmp_path / "pictures")
    assert [strip["kind"] for strip in found] == ["right answer"] * 2 + ["wrong answer"]
    kinds = [panel["kind"] for panel in found[0]["panels"]]
    assert kinds == ["untouched", "corruption", "corruption", "attack", "difference"]
    severities = [panel["severity"] for panel in found[0]["panels"][1:3]]
    assert severities == [1, 5]
    wrong = found[-1]
    assert wrong["id"] == "5.png"
    assert wrong["panels"][0]["predicted"] != wrong["target"]
    assert "attack" not in [panel["kind"] for panel in wrong["panels"]]


def test_answers_and_confidence_are_those_of_the_tables(
    bench: Bench, tables: Tables, tmp_path: Path
) -> None:
    strip = example_strips(bench, tables, tmp_path / "pictures")[0]
    row = bench.dataset.ids.index(strip["id"])
    for panel, table in zip(
        strip["panels"],
        (bench.clean, tables["corruptions"]["contrast-1"], tables["corruptions"]["contrast-5"]),
        strict=False,
    ):
        probabilities = calibrated(table, bench.calibration)[row]
        assert panel["confidence"] == pytest.approx(probabilities.max(), abs=1e-12)
        assert panel["predicted"] == CLASSES[probabilities.argmax()]
        assert panel["right"] == (panel["predicted"] == strip["target"])


def test_the_attack_is_as_small_as_the_network_allows_and_turns_the_picture_shown(
    bench: Bench, tables: Tables, tmp_path: Path
) -> None:
    strip = example_strips(bench, tables, tmp_path / "pictures")[0]
    panels = {panel["kind"]: panel for panel in strip["panels"]}
    attack = panels["attack"]
    assert DISTANCE <= attack["size"] <= 1.02 * DISTANCE
    assert attack["predicted"] != strip["target"]
    assert attack["right"] is False
    assert 0.5 < attack["confidence"] < 0.6, "on the border"
    # A factor of 17 takes 7.3 levels to 125, just within what can be shown around mid grey.
    assert panels["difference"]["enlarged"] == int(127.5 / attack["size"])
    before, after = (_shown(tmp_path, panels[kind]) for kind in ("untouched", "attack"))
    assert np.abs(after - before).max() == pytest.approx(attack["size"], abs=1)


def test_a_harmless_change_that_flips_is_shown_as_it_was_made(
    bench: Bench, tables: Tables, tmp_path: Path
) -> None:
    flipping = with_flip(bench, row=2)
    found = example_strips(bench, {**tables, "harmless_changes": flipping}, tmp_path / "pictures")
    kinds = [strip["kind"] for strip in found]
    assert kinds == ["answer that flips", "answer that holds", "answer that holds", "wrong answer"]
    assert found[0]["id"] == "2.png"
    panel = next(p for p in found[0]["panels"] if p["kind"] == "harmless")
    assert (panel["type"], panel["change"], panel["right"]) == ("shift", "down-4", False)
    before = _shown(tmp_path, found[0]["panels"][0])
    np.testing.assert_array_equal(_shown(tmp_path, panel)[4:], before[:-4])


def test_the_same_seed_shows_the_same_and_another_shows_others(
    tables: Tables, tmp_path: Path
) -> None:
    def ids(seed: int) -> list[str]:
        found = example_strips(bench_of(seed=seed), {}, tmp_path / "pictures")
        return [strip["id"] for strip in found]

    assert ids(0) == ids(0)
    assert any(ids(seed) != ids(0) for seed in (1, 2, 3))


def test_a_trial_that_was_not_held_has_no_panel(bench: Bench, tmp_path: Path) -> None:
    for strip in example_strips(bench, {}, tmp_path / "pictures"):
        assert [panel["kind"] for panel in strip["panels"]] == ["untouched"]
        assert strip["panels"][0]["file"].startswith("pictures/strips/")


def test_an_item_without_a_finite_output_has_no_answer(tmp_path: Path) -> None:
    bench = bench_of(wrong=(), n=2)
    bench.clean["logits"][1] = np.nan
    found = {strip["id"]: strip for strip in example_strips(bench, {}, tmp_path / "pictures")}
    panel = found["1.png"]["panels"][0]
    assert (panel["predicted"], panel["confidence"], panel["right"]) == (None, None, False)


def test_what_nothing_broke_is_said_to_withstand(
    bench: Bench, tables: Tables, tmp_path: Path
) -> None:
    unbroken = tables["adversarial"]["linf"]
    infinite = {**unbroken.columns, "smallest": np.full(len(unbroken), np.inf)}
    attacks = {"linf": Predictions(unbroken.ids, infinite)}
    strip = example_strips(bench, {"adversarial": attacks}, tmp_path / "pictures")[0]
    withstood = strip["panels"][-1]
    assert withstood["kind"] == "withstood"
    assert withstood["size"] == pytest.approx(16)
    assert "file" not in withstood


def test_nothing_is_shown_where_no_pictures_are_wanted_or_targets_are_no_classes(
    bench: Bench, tables: Tables, tmp_path: Path
) -> None:
    assert example_strips(bench_of(pictures=0), tables, tmp_path / "pictures") == ()
    columns = {**bench.clean.columns, "target": bench.clean["target"] + 0.5}
    numbers = Predictions(bench.clean.ids, columns)
    other = Bench(TASK, bench.network, bench.inference, bench.dataset, numbers, CLASSES)
    assert example_strips(other, tables, tmp_path / "pictures") == ()
    assert not (tmp_path / "pictures").exists()


def test_the_network_takes_gradients_as_before(
    bench: Bench, tables: Tables, tmp_path: Path
) -> None:
    taking = [p.requires_grad for p in bench.network.parameters()]
    example_strips(bench, tables, tmp_path / "pictures")
    assert [p.requires_grad for p in bench.network.parameters()] == taking
    assert all(p.grad is None for p in bench.network.parameters())
    assert not torch.is_inference_mode_enabled()


def test_a_difference_is_enlarged_as_far_as_it_can_be_shown() -> None:
    image = np.full((3, 2, 2), 0.5)
    other = image.copy()
    other[0, 0, 0] += 1 / 64
    other[2, 1, 1] -= 1 / 128
    picture, factor = enlarged_difference(image, other)
    assert factor == 32
    assert picture[0, 0].tolist() == [255, 128, 128]
    assert picture[1, 1].tolist() == [128, 128, 64]
    same, factor = enlarged_difference(image, image)
    assert (factor, np.unique(same).tolist()) == (1, [128])


def _shown(folder: Path, panel: dict) -> np.ndarray:
    with Image.open(folder / panel["file"]) as picture:
        enlarged = np.asarray(picture).astype(float)
    factor = enlarged.shape[0] // 32
    return enlarged[::factor, ::factor]
