"""The range test: planted losses, and a run that takes its learning rate from one."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file

from finetrust import UserError
from finetrust.core.run_folder import RunFolder
from finetrust.tasks.task import tasks
from finetrust.tuning.rate_range import found_in, swept_factors
from killed import finish, kill_at, started

from .runs import same, tuned, weights_of

FACTORS = swept_factors()


@given(bottom=st.integers(8, len(FACTORS) - 8))
def test_it_is_a_tenth_of_where_the_smoothed_loss_is_lowest(bottom: int) -> None:
    losses = [abs(step - bottom) + 1.0 for step in range(len(FACTORS))]
    mean, smooth = 0.0, []
    for step, loss in enumerate(losses, start=1):
        mean = 0.9 * mean + 0.1 * loss
        smooth.append(mean / (1 - 0.9**step))
    found = found_in(FACTORS, losses)
    assert found.factor == pytest.approx(FACTORS[int(np.argmin(smooth))] / 10)
    assert found.losses == tuple(losses)


def test_a_loss_that_never_falls_leaves_the_strategys_rate() -> None:
    assert found_in(FACTORS, [1.0 + step for step in range(len(FACTORS))]).factor == 1.0
    assert found_in(FACTORS, []).factor == 1.0


@pytest.mark.parametrize("curvature", [1.0, 100.0])
def test_gradient_descent_on_a_parabola_gets_a_rate_that_does_not_diverge(curvature: float) -> None:
    """By hand: steps of rate r on c w**2 / 2 shrink w for r < 2 / c, and grow it beyond."""
    w, losses, rate = 1.0, [], 1 / curvature
    for factor in FACTORS:
        losses.append(curvature * w * w / 2)
        w -= rate * factor * curvature * w
        if not np.isfinite(w) or abs(w) > 1e6:
            break
    found = found_in(FACTORS, losses)
    assert len(found.factors) == len(losses) < len(FACTORS)
    assert 1e-3 / curvature < rate * found.factor < 2 / curvature


def test_a_run_finds_its_rate_on_training_data_and_is_else_what_it_would_be(tmp_path: Path) -> None:
    run = tuned(tmp_path / "auto", strategy="lp-ft", learning_rate="auto")
    swept = run.folder.record["decisions"]["learning_rate_range"]
    assert len(swept["factors"]) == len(swept["losses"]) > 10
    defaults, factor = tasks.get("classification").defaults, swept["factor"]
    probe, full = run.folder.record["phases"]
    assert probe["learning_rate"] == defaults.probe_rate
    assert full["learning_rate"] == pytest.approx(defaults.full_rate * factor)
    share = defaults.backbone_share
    assert full["backbone_learning_rate"] == pytest.approx(defaults.full_rate * share * factor)
    told = tuned(tmp_path / "told", strategy="lp-ft", learning_rate=full["learning_rate"])
    for name, tensor in weights_of(told).items():
        torch.testing.assert_close(weights_of(run)[name], tensor, rtol=1e-4, atol=1e-5)


def test_killed_after_the_range_test_it_goes_on_with_the_rate_it_found(tmp_path: Path) -> None:
    options = {"strategy": "full", "learning_rate": "auto", "epochs": 6, "checkpoint_steps": 1}
    expected = weights_of(tuned(tmp_path / "whole", **options))
    cut = tmp_path / "cut"
    kill_at(started(tuned, cut, **options), cut, (0, 1))
    assert "learning_rate_range" in RunFolder(cut).record["decisions"]
    finish(started(tuned, cut, resume=True, **options))
    assert same(load_file(cut / "model" / "weights.safetensors"), expected)


def test_a_rate_that_is_no_number_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="learning_rate"):
        tuned(tmp_path, learning_rate="quick")
