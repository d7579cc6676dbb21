"""WiSE-FT: the ends of its line are the networks, and what is kept is the best on validation data."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import finetrust
from finetrust import UserError
from finetrust.tuning.additions.wise_ft import best_coefficient, coefficients
from killed import finish, kill_after, kill_at, started

from ..runs import digits, same, tuned, weights_of

OPTIONS = {"epochs": 3, "batch_size": 25, "learning_rate": 1e-2, "augment": "none"}


def curve_of(run: finetrust.Run) -> dict:
    return run.folder.record["additions"]["wise-ft"]


def test_at_1_it_is_the_fine_tuned_network_and_at_0_that_of_the_probe(tmp_path: Path) -> None:
    data = digits()
    fine_tuned = weights_of(tuned(tmp_path / "ft", data, strategy="lp-ft", **OPTIONS))
    one = tuned(tmp_path / "one", data, strategy="lp-ft + wise-ft(alpha=1)", **OPTIONS)
    assert same(weights_of(one), fine_tuned)
    zero = weights_of(
        tuned(tmp_path / "zero", data, strategy="lp-ft + wise-ft(alpha=0)", **OPTIONS)
    )
    probed = weights_of(tuned(tmp_path / "lp", data, strategy="linear-probe", **OPTIONS))
    assert not same(zero, fine_tuned)
    backbone = [name for name in zero if name.startswith("backbone.")]
    assert all(torch.equal(zero[name], probed[name]) for name in backbone)
    half = weights_of(
        tuned(tmp_path / "half", data, strategy="lp-ft + wise-ft(alpha=0.5)", **OPTIONS)
    )
    for name in ("head.weight", "backbone.stage3.conv2.weight", "backbone.stem.1.running_var"):
        torch.testing.assert_close(half[name], (zero[name] + fine_tuned[name]) / 2)


def test_the_whole_curve_is_recorded_and_the_best_of_it_kept(tmp_path: Path) -> None:
    run = tuned(tmp_path / "run", strategy="lp-ft + wise-ft(step=0.25) + ema(decay=0.5)", **OPTIONS)
    found = curve_of(run)
    assert [point["alpha"] for point in found["curve"]] == [0, 0.25, 0.5, 0.75, 1]
    assert found["chosen"]
    assert found["primary"] == "accuracy"
    best = max(found["curve"], key=lambda point: (point["accuracy"], -point["loss"]))
    assert found["alpha"] == best["alpha"]
    for name in ("accuracy", "loss"):
        assert run.folder.record["validation"][name] == pytest.approx(best[name], abs=1e-4)


def test_under_attack_the_coefficient_is_the_best_of_attacked_validation_images(
    tmp_path: Path,
) -> None:
    """The plain images are the same in both runs, and the share decides how much of either counts."""
    attack = "lp-ft + adversarial(epsilon=4/255, steps=1, share=0.5) + wise-ft(step=0.25)"
    found = curve_of(tuned(tmp_path / "run", strategy=attack, **OPTIONS))
    assert (found["chosen"], found["disturbed"]) == (True, 0.5)
    for point in found["curve"]:
        as_they_are, attacked = point["plain"], point["disturbed"]
        for name in ("accuracy", "loss"):
            assert point[name] == pytest.approx((as_they_are[name] + attacked[name]) / 2)
        assert attacked["loss"] > as_they_are["loss"]
    assert found["alpha"] == best_coefficient(found["curve"], "accuracy")
    ends = found["curve"][0]["disturbed"], found["curve"][-1]["disturbed"]
    assert ends[1]["loss"] < ends[0]["loss"]


def test_a_run_killed_while_the_backbone_trains_goes_back_to_where_it_began(tmp_path: Path) -> None:
    options = {
        **OPTIONS,
        "strategy": "lp-ft + wise-ft(alpha=0.5) + ema(decay=0.9)",
        "batch_size": 8,
        "checkpoint_steps": 1,
        "epochs": 2,
    }
    expected = weights_of(tuned(tmp_path / "whole", **options))
    cut = tmp_path / "cut"
    kill_at(started(tuned, cut, resume=True, **options), cut, (1, 0))
    kill_after(started(tuned, cut, resume=True, **options), cut, 3)
    finish(started(tuned, cut, resume=True, **options))
    assert same(load_file(cut / "model" / "weights.safetensors"), expected)


@pytest.mark.parametrize(("step", "tried"), [(0.5, 3), (0.3, 5), (0.1, 11), (0.05, 21)], ids=str)
def test_coefficients_run_from_0_to_1(step: float, tried: int) -> None:
    found = coefficients(step)
    assert (found[0], found[-1], len(found)) == (0, 1, tried)
    assert max(b - a for a, b in pairwise(found)) <= step + 1e-6


def test_the_best_is_told_by_the_primary_figure_then_by_the_loss_then_by_more_fine_tuning() -> None:
    def point(alpha: float, r2: float, loss: float) -> dict[str, float]:
        return {"alpha": alpha, "r2": r2, "loss": loss}

    assert best_coefficient([point(0, 0.5, 1), point(0.5, 0.7, 2), point(1, 0.6, 0)], "r2") == 0.5
    assert best_coefficient([point(0, 0.7, 1), point(0.5, 0.7, 2), point(1, 0.6, 0)], "r2") == 0
    assert best_coefficient([point(0, 0.7, 1), point(0.5, 0.7, 1), point(1, 0.6, 0)], "r2") == 0.5


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"strategy": "full + wise-ft"}, "starts from the pretrained backbone under a fitted head"),
        ({"strategy": "linear-probe + wise-ft"}, "no effect where the backbone stays frozen"),
        ({"strategy": "lp-ft + wise-ft", "weights": "random"}, "--weights random has none"),
        ({"strategy": "lp-ft + wise-ft(alpha=2)"}, "option 'alpha'"),
        ({"strategy": "lp-ft + wise-ft(step=0)"}, "option 'step'"),
        ({"strategy": "lp-ft + wise-ft(step=1e-10)"}, "option 'step'"),
        ({"strategy": "lp-ft + wise-ft + trades"}, "undoes trades"),
        ({"strategy": "lp-ft + adversarial + wise-ft + logit-adjusted"}, "undoes logit-adjusted"),
    ],
)
def test_what_makes_no_sense_is_one_line(options: dict, said: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=said) as raised:
        tuned(tmp_path / "run", **options)
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "run").exists()


def test_without_validation_data_the_coefficient_must_be_stated(tmp_path: Path) -> None:
    data = digits().split("train")
    with pytest.raises(UserError, match="chooses its coefficient on validation data"):
        tuned(tmp_path / "run", data, strategy="lp-ft + wise-ft", val_fraction=0)
    assert not (tmp_path / "run").exists()
    stated = {"strategy": "lp-ft + wise-ft(alpha=0.5)", "val_fraction": 0, "epochs": 1}
    found = curve_of(tuned(tmp_path / "run", data, **stated))
    said = {"alpha": 0.5, "chosen": False, "primary": "accuracy", "disturbed": 0.0, "curve": []}
    assert found == said


def test_items_too_few_to_be_split_are_refused_before_anything_is_trained(tmp_path: Path) -> None:
    data = digits().split("train")
    one_each = data.take(np.unique(data.targets, return_index=True)[1])
    with pytest.raises(UserError, match="so few items leave none") as raised:
        tuned(tmp_path / "run", one_each, strategy="lp-ft + wise-ft", epochs=1)
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "run").exists()


def test_the_second_end_is_of_the_backbone_also_where_no_epoch_of_it_is_better(
    tmp_path: Path,
) -> None:
    spoilt = {"strategy": "lp-ft + wise-ft(step=0.5)", "epochs": 1, "learning_rate": 1.0}
    found = curve_of(tuned(tmp_path / "run", **spoilt))
    first, *_, last = found["curve"]
    assert last["accuracy"] < first["accuracy"]
    assert found["alpha"] < 1
