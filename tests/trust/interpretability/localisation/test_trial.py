"""The trial of localisation on networks of which it is known what they look at."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from finetrust.api.trials import hold_trials
from finetrust.config import EvaluateOptions
from finetrust.core.errors import NotApplicable, UserError
from finetrust.core.predictions import Predictions
from finetrust.models.preprocessing import Preprocessing
from finetrust.tasks.task import tasks
from finetrust.trust.interpretability.localisation.objects import objects_in, objects_of
from finetrust.trust.interpretability.localisation.trial import Localisation, marked_rows
from finetrust.trust.trials.bench import Bench

from .worlds import MIDDLE, SIDE, SQUARE, TASK, bench_of, chosen, figures

CORNER = (slice(0, 4), slice(0, 4))
SOUND = (
    "grad_cam", "grad_cam_plus_plus", "layer_cam", "saliency", "input_x_gradient",
    "integrated_gradients", "gradient_shap", "smooth_grad", "occlusion", "rise", "kernel_shap",
)  # fmt: skip


def held(bench: Bench, method: str = "input_x_gradient") -> Predictions:
    bench.found["explanations"] = chosen(method)
    (step,) = Localisation().plan(bench)
    return step.run()


@pytest.mark.parametrize("method", SOUND)
def test_a_network_that_reads_the_object_is_seen_to_look_at_it(method: str, tmp_path: Path) -> None:
    bench = bench_of(SQUARE, SQUARE, tmp_path, n=8)
    found = figures("pointing_game", bench.clean, held(bench, method))
    assert found[""].value == 1
    assert found["baseline=centre"].value == 0
    assert found["baseline=random"].value < 0.5


def test_one_that_reads_a_corner_is_seen_to_look_away(tmp_path: Path) -> None:
    bench = bench_of(CORNER, MIDDLE, tmp_path)
    table = held(bench)
    for name in ("pointing_game", "energy_pointing", "localisation_iou"):
        found = figures(name, bench.clean, table)
        whole, centre = found[""], found["baseline=centre"]
        assert whole.value < 0.15  # no map overlaps less than the share that the object fills
        assert centre.value > whole.ci_high
        assert whole.details["above"]["centre"]["value"] < -0.1
    points = figures("pointing_game", bench.clean, table)
    assert points["baseline=centre"].value == 1
    assert points[""].details["above"]["centre"]["ci_high"] < -0.7


def test_the_table_is_of_the_items_and_their_objects(tmp_path: Path) -> None:
    bench = bench_of(SQUARE, SQUARE, tmp_path, n=20, trial_items=9)
    table = held(bench)
    assert table.ids.tolist() == [bench.dataset.ids[row] for row in bench.sample(costly=True)]
    np.testing.assert_allclose(table["area"], 64 / SIDE**2)
    assert table["explanation.energy"].min() > 0.9
    assert table["random.energy"].max() < 0.5


def test_the_true_class_is_explained_not_the_predicted_one(tmp_path: Path) -> None:
    bench = bench_of(SQUARE, SQUARE, tmp_path, n=6)
    wrong = replace(
        bench,
        clean=replace(bench.clean, columns={**bench.clean.columns, "target": np.ones(6, int)}),
    )
    assert (held(bench)["explanation.pointing"] == 1).all()
    # The square speaks against the other class: no place is higher than any that says nothing.
    assert (held(wrong)["explanation.pointing"] < 0.1).all()


def test_items_without_a_mask_are_not_drawn(tmp_path: Path) -> None:
    bench = bench_of(SQUARE, SQUARE, tmp_path, n=20, trial_items=6)
    for row in range(0, 20, 2):
        (tmp_path / f"{row}.png").unlink()
    marked = objects_in(bench).marked
    assert marked.tolist() == list(range(1, 20, 2))
    rows = marked_rows(bench, marked)
    assert len(rows) == 6
    assert set(rows.tolist()) <= set(marked.tolist())
    np.testing.assert_array_equal(marked_rows(bench, np.arange(20)), bench.sample(costly=True))
    assert len(held(bench)) == 6


def test_masks_are_cropped_with_their_images(tmp_path: Path) -> None:
    bench = bench_of(SQUARE, SQUARE, tmp_path, n=3)
    zoomed = Preprocessing(SIDE, 2 * SIDE, "bilinear", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    bench.inference.preprocessing = zoomed
    masks = objects_of(bench, np.array([0, 2]))
    expected = torch.zeros(SIDE, SIDE, dtype=torch.bool)
    expected[:8, 16:32] = True  # rows 8 to 24, columns 32 to 48 of 64, less 16 on each side
    assert torch.equal(masks, expected.expand(2, -1, -1))
    assert objects_of(bench, np.array([], dtype=int)).shape == (0, SIDE, SIDE)
    (tmp_path / "2.png").unlink()
    assert not objects_of(replace(bench), np.array([2])).any()


def test_without_masks_there_is_no_trial(tmp_path: Path) -> None:
    bench = bench_of(SQUARE, SQUARE, tmp_path, n=3, object_masks=None)
    with pytest.raises(NotApplicable, match="no --object-masks are given"):
        Localisation().plan(bench)


def test_a_wrong_source_is_refused_before_the_work(tmp_path: Path) -> None:
    options = EvaluateOptions.model_validate({"object_masks": str(tmp_path / "nowhere")})
    with pytest.raises(UserError, match="nowhere does not exist"):
        Localisation().check(options, TASK)
    with pytest.raises(UserError, match="though the inputs are texts"):
        Localisation().check(options, tasks.get("text-classification"))
    with pytest.raises(UserError, match="this task is object-detection"):
        Localisation().check(options, tasks.get("detection"))
    Localisation().check(EvaluateOptions.model_validate({}), TASK)
    bench = bench_of(SQUARE, SQUARE, tmp_path, n=3)
    Image.fromarray(np.ones((5, 5), np.uint8)).save(tmp_path / "1.png")
    with pytest.raises(UserError, match=r"1 has 5 x 5 pixels, its image 1\.png 32 x 32"):
        Localisation().plan(bench)


def test_other_masks_are_another_table(tmp_path: Path) -> None:
    bench = bench_of(SQUARE, SQUARE, tmp_path, n=3)
    before = Localisation().plan(bench)[0].settings
    assert Localisation().plan(replace(bench))[0].settings == before
    Image.fromarray(np.zeros((SIDE, SIDE), np.uint8)).save(tmp_path / "1.png")
    assert Localisation().plan(replace(bench))[0].settings != before


def test_it_follows_the_choice_of_the_explanation(tmp_path: Path) -> None:
    bench = bench_of(
        SQUARE, SQUARE, tmp_path / "masks", n=6, trials="localisation", attributions="saliency"
    )
    items = replace(bench.dataset, digests=bench.dataset.ids)
    bench = replace(bench, dataset=items, find_validation=lambda: items)
    found = hold_trials(bench, tmp_path / "tables").tables
    assert "saliency.insertion" in found["explanations"]["choice"]
    assert (
        figures("pointing_game", bench.clean, found["localisation"]["localisation"])[""].value == 1
    )


def test_an_object_out_of_sight_has_no_figure(tmp_path: Path) -> None:
    bench = bench_of(SQUARE, SQUARE, tmp_path, n=4)
    Image.fromarray(np.zeros((SIDE, SIDE), np.uint8)).save(tmp_path / "1.png")
    table = held(bench)
    assert np.isnan(table["explanation.pointing"]).tolist() == [False, True, False, False]
    whole = figures("pointing_game", bench.clean, table)[""]
    assert (whole.n, whole.details["without_figure"]) == (3, 1)
