"""The rate of the pretrained layers that trials choose: what they measure, and the run that takes it."""

import json
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file
from torch import Tensor, nn

import finetrust
from finetrust import Preprocessing, UserError
from finetrust.core.run_folder import RunFolder
from finetrust.core.standard_error import error_of_share
from finetrust.tuning.tried_rate import RATES, best_rate, trial_steps
from finetrust.tuning.validated import Validated
from killed import finish, kill_at, started

from .runs import digits, same, tuned, weights_of

AUTO = {"backbone_learning_rate": "auto", "layer_decay": 1.0}


def decided(run: finetrust.Run) -> dict:
    return run.folder.record["decisions"]["backbone_learning_rate"]


def validated(run: finetrust.Run) -> dict[str, float]:
    """Return the last figures on validation data of a run."""
    line = json.loads(run.folder.log_file.read_text("utf-8").splitlines()[-1])
    return {name: line[f"val_{name}"] for name in ("accuracy", "loss")}


def test_a_trial_is_a_short_run(tmp_path: Path) -> None:
    """Of 50 steps a trial makes 40, and what it measures is what a run of as many ends with."""
    plain = {"strategy": "full", "batch_size": 10, "layer_decay": 1.0}
    found = decided(tuned(tmp_path / "auto", epochs=10, **{**plain, **AUTO}))
    assert found["steps"] == 40
    assert [trial["rate"] for trial in found["tried"]] == list(RATES)
    for trial in found["tried"]:
        rate = trial["rate"]
        alone = tuned(tmp_path / str(rate), epochs=8, backbone_learning_rate=rate, **plain)
        assert {n: trial["figures"][n] for n in ("accuracy", "loss")} == validated(alone)


@pytest.mark.parametrize(("share", "micro"), [(0.5, None), (1.0, 7)], ids=["half", "all"])
def test_what_trains_under_attack_is_judged_under_attack(
    share: float, micro: int | None, tmp_path: Path
) -> None:
    """A trial's figures are those of as large a share of attacked inputs as it trained on."""
    attack = f"full + adversarial(epsilon=4/255, steps=1, share={share})"
    plain = {"strategy": attack, "layer_decay": 1.0, "epochs": 4, "micro_batch_size": micro}
    found = decided(tuned(tmp_path / "auto", **{**plain, **AUTO}))
    assert found["disturbed"] == share
    for trial in found["tried"]:
        figures, as_they_are, attacked = (trial[n] for n in ("figures", "plain", "disturbed"))
        assert figures == Validated(as_they_are, attacked, share).figures
        assert attacked["loss"] > as_they_are["loss"] + 0.05
        assert attacked["accuracy"] <= as_they_are["accuracy"]
    alone = tuned(tmp_path / "alone", backbone_learning_rate=RATES[0], **plain)
    first = found["tried"][0]["plain"]
    assert {n: first[n] for n in ("accuracy", "loss")} == validated(alone)


def test_it_takes_a_part_of_the_steps_within_bounds() -> None:
    steps = (0, 7, 40, 100, 160, 320, 400, 10**6)
    assert [trial_steps(n) for n in steps] == [0, 7, 40, 40, 40, 40, 50, 200]


@pytest.mark.parametrize("strategy", ["full", "lp-ft + ema", "full + lora", "gradual-unfreeze"])
def test_the_run_is_the_very_one_with_the_rate_that_they_chose(
    strategy: str, tmp_path: Path
) -> None:
    run = tuned(tmp_path / "auto", strategy=strategy, **AUTO)
    found = decided(run)
    assert found["rate"] == best_rate(found["tried"], "accuracy", 50)
    told = {**AUTO, "backbone_learning_rate": found["rate"]}
    assert same(weights_of(run), weights_of(tuned(tmp_path / "told", strategy=strategy, **told)))


@pytest.mark.parametrize("addition", ["correctness-ranking", "surgical"])
def test_nothing_that_an_addition_reads_is_left_behind_by_trials(
    addition: str, tmp_path: Path
) -> None:
    """A run that is resumed makes none: not their counts, nor their gradients, may change it."""
    options = {"strategy": f"lp-ft + {addition}", "batch_size": 50}
    run = tuned(tmp_path / "auto", **options, **AUTO)
    told = {**AUTO, "backbone_learning_rate": decided(run)["rate"]}
    alone = tuned(tmp_path / "told", **options, **told)
    assert same(weights_of(run), weights_of(alone))
    assert run.folder.record.get("additions") == alone.folder.record.get("additions")


def of_trials(primary: str, *figures: float, loss: float = 1.0) -> list[dict]:
    found = [{primary: figure, "loss": loss} for figure in figures]
    return [{"rate": r, "figures": f} for r, f in zip(RATES, found, strict=False)]


def test_few_items_do_not_speak_against_a_high_rate_and_many_do() -> None:
    """One of 37 is no reason to go slower; 2 of 100 points are none on 100 items, and one on 10,000."""
    assert best_rate(of_trials("accuracy", 35 / 37, 36 / 37, 36 / 37), "accuracy", 37) == RATES[0]
    assert best_rate(of_trials("accuracy", 30 / 37, 36 / 37, 36 / 37), "accuracy", 37) == RATES[1]
    close = of_trials("accuracy", 0.88, 0.9, 0.89)
    assert [best_rate(close, "accuracy", n) for n in (100, 10_000)] == [RATES[0], RATES[1]]
    assert best_rate(of_trials("accuracy", 0.95, 1.0), "accuracy", 20) == RATES[0]


def test_of_other_figures_the_best_counts_and_no_figures_for_nothing() -> None:
    close = of_trials("ap", 0.49, 0.5, 0.5)
    assert best_rate(close, "ap", 20) == RATES[2]
    assert best_rate([{**close[0], "figures": {}}, *close[1:]], "ap", 20) == RATES[2]
    assert best_rate([{"rate": RATES[0], "figures": {}}], "ap", 20) is None


@given(st.lists(st.integers(0, 50), min_size=1, max_size=len(RATES)), st.integers(50, 500))
def test_no_higher_rate_is_as_good_within_a_standard_error(right: list[int], items: int) -> None:
    accuracies = [n / items for n in right]
    chosen = RATES.index(best_rate(of_trials("accuracy", *accuracies), "accuracy", items))
    least = max(accuracies) - error_of_share(max(right) / items, items)
    assert accuracies[chosen] >= least - 1e-9
    assert all(accuracy < least + 1e-9 for accuracy in accuracies[:chosen])


class Projection(nn.Module):
    """Random features under a head; the weights are kept divided by `scale` and multiplied in use."""

    def __init__(self, scale: float, spread: float) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.scale = scale
        rows = (1 - spread) * torch.randn(1, 192) + spread * torch.randn(128, 192)
        self.inner = nn.Parameter(rows / 14 / scale)
        self.fc = nn.Linear(128, 10)

    def forward(self, images: Tensor) -> Tensor:
        pixels = nn.functional.adaptive_avg_pool2d(images, 8).flatten(1)
        return self.fc((pixels @ (self.scale * self.inner).T).relu())


@pytest.mark.parametrize(
    ("scale", "spread", "chosen"),
    [(1, 0.02, RATES[0]), (100, 1.0, RATES[-1])],
    ids=["features that are all alike", "good features of weights that a step changes a lot"],
)
def test_it_is_high_where_features_must_change_and_low_where_steps_would_spoil_them(
    scale: float, spread: float, chosen: float, tmp_path: Path
) -> None:
    """Planted: 128 features that are nearly one; and weights of which each step is 100 times as large."""
    run = finetrust.tune(
        Projection(scale, spread),
        digits(200, 100),
        out=str(tmp_path),
        preprocessing=Preprocessing(32, 32, "bilinear", (0.5,) * 3, (0.5,) * 3),
        quiet=True,
        precision="fp32",
        strategy="lp-ft",
        epochs=40,
        **AUTO,
    )
    assert decided(run)["rate"] == chosen


class Narrow(nn.Module):
    """A network that drops at random, and runs out of memory where more than five images take gradients."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv = nn.Conv2d(3, 8, 3, 4)
        self.dropout = nn.Dropout()
        self.fc = nn.Linear(8, 10)

    def forward(self, images: Tensor) -> Tensor:
        if len(images) > 5 and (self.training or images.requires_grad):
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return self.fc(self.dropout(self.conv(images).relu().mean((2, 3))))


def test_trials_that_run_out_of_memory_go_on_and_leave_the_run_as_it_is(tmp_path: Path) -> None:
    """An attempt that fails draws as well, so a run that were spared it would have other draws."""
    options = {
        "preprocessing": Preprocessing(32, 32, "bilinear", (0.5,) * 3, (0.5,) * 3),
        "strategy": "full + adversarial(epsilon=4/255, steps=1)",
        "batch_size": 16,
    }
    run = tuned(tmp_path / "auto", model=Narrow(), **{**options, **AUTO})
    told = {**AUTO, "backbone_learning_rate": decided(run)["rate"]}
    alone = tuned(tmp_path / "told", model=Narrow(), **{**options, **told})
    assert all(trial["disturbed"] for trial in decided(run)["tried"])
    assert same(weights_of(run), weights_of(alone))


def test_a_trial_whose_loss_is_infinite_counts_for_nothing(tmp_path: Path) -> None:
    """And where all are, the run says so in a line, as it does at any such rate."""
    wild = {"strategy": "full + sgd", "learning_rate": 1e4, "epochs": 4, "clip_norm": None}
    with pytest.raises(UserError, match="the training loss became"):
        tuned(tmp_path, **wild, **AUTO)
    found = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
    assert [
        t for t in found["decisions"]["backbone_learning_rate"]["tried"] if not t["figures"]
    ] != []


def test_killed_after_the_trials_it_goes_on_with_the_rate_they_chose(tmp_path: Path) -> None:
    options = {"strategy": "full", "epochs": 6, "checkpoint_steps": 1, **AUTO}
    expected = weights_of(tuned(tmp_path / "whole", **options))
    cut = tmp_path / "cut"
    kill_at(started(tuned, cut, **options), cut, (0, 1))
    assert "backbone_learning_rate" in RunFolder(cut).record["decisions"]
    finish(started(tuned, cut, resume=True, **options))
    assert same(load_file(cut / "model" / "weights.safetensors"), expected)


def test_without_validation_data_the_strategys_rate_stays(tmp_path: Path) -> None:
    run = tuned(tmp_path / "run", digits(val=0), strategy="full", val_fraction=0.0, **AUTO)
    plain = tuned(
        tmp_path / "plain", digits(val=0), strategy="full", val_fraction=0.0, layer_decay=1.0
    )
    assert decided(run)["tried"] == []
    assert same(weights_of(run), weights_of(plain))


def test_a_probe_has_no_such_rate_where_a_recipe_asks_for_one(tmp_path: Path) -> None:
    run = tuned(tmp_path, recipe="default", strategy="linear-probe", epochs=1)
    assert run.folder.config["backbone_learning_rate"] == "auto"
    assert "backbone_learning_rate" not in run.folder.record["decisions"]


def test_a_rate_that_is_no_number_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="backbone_learning_rate"):
        tuned(tmp_path, backbone_learning_rate="slow")
