"""The trial of explanations on models of which it is known what they look at."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from finetrust.config import EvaluateOptions
from finetrust.core.errors import NotApplicable, UserError
from finetrust.core.evidence import Evidence
from finetrust.core.measure import Absence, Estimate, measures
from finetrust.core.predictions import Predictions
from finetrust.tasks.task import tasks
from finetrust.trust.interpretability.choice import choice_of
from finetrust.trust.interpretability.faithfulness.heat import coarse
from finetrust.trust.trials.bench import Bench
from finetrust.trust.trials.trial import trials

from .benches import CELL, PLACE, TASK, Chaos, OneCell, bench_of, held

TRIAL = trials.get("explanations")


@pytest.fixture(scope="module")
def one_cell() -> Bench:
    """A bench of the model that reads one cell, with the tables of the trial."""
    bench = bench_of(OneCell(), n=16, n_validation=16)
    held(bench)
    return bench


def figures(name: str, bench: Bench) -> dict[str, Estimate | Absence]:
    evidence = Evidence(bench.clean, trials=bench.found)
    return {found.subset: found for found in measures.get(name).estimate(evidence)}


def test_a_method_that_finds_the_cell_is_chosen_over_one_that_cannot(one_cell: Bench) -> None:
    # Grad-CAM weighs all places of a channel alike: it marks bright cells wherever they are.
    found = choice_of(one_cell.tables("explanations")["choice"])
    assert found.method in ("layer_cam", "saliency", "input_x_gradient")
    assert found.gains[found.method] > found.gains["grad_cam"] + 0.2
    assert found.n == 16


def test_its_explanations_beat_chance(one_cell: Bench) -> None:
    gain = figures("faithfulness_gain", one_cell)
    assert gain[""].ci_low > 0.2
    assert gain["against=edges"].ci_low > 0.1
    assert gain[""].details["better_on"] >= 13
    insertion = figures("insertion_auc", one_cell)
    assert insertion[""].value > insertion["baseline=random"].value
    assert insertion[""].details["above"]["random"]["ci_low"] > 0
    assert figures("deletion_auc", one_cell)[""].details["above"]["random"]["ci_high"] < 0


def test_the_heat_lies_on_the_cell(one_cell: Bench) -> None:
    heat = one_cell.tables("explanations")["heat"]["heat"].reshape(-1, 16, 16)
    row, column = (CELL // 2 * place for place in PLACE)
    known = np.isfinite(heat).all(axis=(1, 2))
    assert known.sum() > 5
    within = heat[:, row : row + CELL // 2, column : column + CELL // 2].sum(axis=(1, 2))
    assert within[known].mean() > 0.8


def test_of_noise_nothing_is_explained_and_the_interval_holds_0() -> None:
    bench = bench_of(Chaos(), n=14, n_validation=2, attributions="saliency")
    held(bench)
    for found in figures("faithfulness_gain", bench).values():
        assert found.ci_low < 0 < found.ci_high


def test_the_choice_has_figures_of_every_candidate_and_checks_some_for_weights() -> None:
    bench = bench_of(OneCell(), n=1, attributions="saliency,input_x_gradient")
    table = held(bench)["choice"]
    assert list(table.columns) == [
        f"{method}.{figure}"
        for method in ("saliency", "input_x_gradient")
        for figure in ("insertion", "deletion", "weights")
    ]
    assert len(table) == 32
    assert set(table.ids) <= {f"{i}.png" for i in range(40)}
    assert np.isfinite(table["saliency.insertion"]).all()
    assert np.isfinite(table["saliency.weights"]).sum() == 16


def test_quick_looks_at_one_replacement_and_standard_at_all() -> None:
    few = {"n": 3, "n_validation": 3, "attributions": "saliency"}
    quick = held(bench_of(OneCell(), effort="quick", **few))
    assert "random_pixels.noisy_linear.insertion" in quick["faithfulness"]
    assert not any(".black." in name for name in quick["faithfulness"].columns)
    table = held(
        bench_of(OneCell(), n=3, n_validation=3, effort="standard", attributions="saliency")
    )["faithfulness"]
    for replacement in ("noisy_linear", "mean", "blur", "black"):
        for name in ("explanation", "random"):
            values = table[f"{name}.{replacement}.pixel_flipping"]
            assert np.isfinite(values).all()
    assert "edges.black.insertion" not in table


def test_without_validation_data_the_first_candidate_explains() -> None:
    bench = bench_of(OneCell(), n=3, n_validation=None)
    tables = held(bench)
    assert len(tables["choice"]) == 0
    assert "layer_cam.weights" in tables["choice"]
    assert choice_of(tables["choice"]).method == "grad_cam"
    gain = figures("faithfulness_gain", bench)[""]
    assert gain.details["sentence"].startswith("Grad-CAM explains this model: it was taken unseen")


def test_the_same_comes_out_in_batches_of_any_size() -> None:
    few = {"n": 3, "n_validation": 3, "attributions": "layer_cam"}
    one, other = (bench_of(OneCell(), **few) for _ in range(2))
    one.inference.batch_size = 2
    expected = held(other)
    for step, table in held(one).items():
        for name, values in table.columns.items():
            np.testing.assert_allclose(values, expected[step][name], atol=1e-4, err_msg=name)


def test_items_without_an_answer_have_no_figures() -> None:
    class Broken(OneCell):
        def forward(self, images):
            found = super().forward(images)
            return found.where(images[:, :1, 0, 0] > 0.5, np.nan)

    bench = bench_of(Broken(), n=12, n_validation=12, attributions="saliency")
    tables = held(bench)
    answered = np.isfinite(bench.clean["logits"]).all(axis=1)
    assert 2 < answered.sum() < 10
    assert tables["faithfulness"].ids.tolist() == bench.clean.ids[answered].tolist()
    silent = np.isnan(tables["choice"]["saliency.insertion"])
    assert 0 < silent.sum() < 12


def test_wrong_names_are_told_before_any_work() -> None:
    wrong = EvaluateOptions.model_validate({"attributions": "grad_cat"})
    with pytest.raises(UserError, match="Did you mean 'grad_cam'"):
        TRIAL.check(wrong, TASK)
    TRIAL.check(wrong, tasks.get("text-classification"))
    with pytest.raises(UserError, match=r"'backbone\.mean'.* Did you mean 'backbone\.means'"):
        TRIAL.plan(bench_of(OneCell(), target_layer="backbone.mean"))
    assert (
        TRIAL.plan(bench_of(OneCell(), target_layer="means"))[0].settings["layer"]
        == "backbone.means"
    )


def test_what_it_does_not_apply_to_is_told() -> None:
    bench = bench_of(OneCell(), n=3)
    columns = {"target": bench.clean["target"]}
    with pytest.raises(NotApplicable, match="not one row of logits"):
        TRIAL.plan(replace(bench, clean=Predictions(bench.clean.ids, columns)))
    with pytest.raises(NotApplicable, match="no attribution method explains this model"):
        TRIAL.plan(bench_of(OneCell(), n=3, attributions="chefer"))


def test_the_cost_that_is_told_grows_with_the_methods_and_the_items() -> None:
    def passes(**options: object) -> list[int]:
        return [step.forward for step in TRIAL.plan(bench_of(OneCell(), **options))]

    cheap, dear = passes(attributions="saliency"), passes(attributions="saliency,rise")
    assert all(d > 2 * c for c, d in zip(cheap[::2], dear[::2], strict=True))
    assert cheap[0] == 32 * (10 + 3) + 48 * 3
    assert sum(passes(n=20, attributions="saliency")) < sum(cheap)


def test_heat_is_the_positive_part_on_a_grid_that_adds_up_to_1() -> None:
    maps = torch.zeros(4, 32, 48)
    maps[0, :2, :3] = 5
    maps[1] = -1
    maps[2, 0, 0] = torch.nan
    maps[3] = torch.randn(32, 48)
    found = coarse(maps)
    assert found.shape == (4, 256)
    assert found[0].tolist() == [1.0] + [0.0] * 255
    assert found[1:3].isnan().all()
    assert found[3].sum() == pytest.approx(1)
