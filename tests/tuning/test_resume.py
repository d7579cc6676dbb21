"""A run that was killed and resumed ends with the very weights of one that never was."""

import random
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.torch import load_file

from killed import finish, kill_after, logged, started

from .runs import digits, same, tuned, weights_of

EVERYTHING = {
    "strategy": "lp-ft + ema(decay=0.9) + sam",
    "epochs": 8,
    "batch_size": 8,
    "cutmix": 1.0,
    "augment": "trivialaugment",
    "label_smoothing": 0.1,
    "micro_batch_size": 4,
    "checkpoint_steps": 1,
}
GUIDED = {**EVERYTHING, "strategy": "lp-ft + saliency-guided", "cutmix": 0.0, "mixup": 0.0}
OTHERWISE = {**EVERYTHING, "strategy": "lp-ft + sgd + swa(start=0.4) + asam"}
CHANNELS_LAST = {
    "model": "timm:mobilenetv3_small_050",
    "weights": "random",
    "input_size": 32,
    "strategy": "full + ema(decay=0.9)",
    "checkpoint_steps": 1,
}


def object_masks(folder: Path) -> str:
    """Write the left half of every handwritten digit as its object; return the folder."""
    for name in digits().ids:
        file = folder / f"{name}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        mask = np.zeros((8, 8), np.uint8)
        mask[:, :4] = 255
        Image.fromarray(mask).save(file)
    return str(folder)


@pytest.mark.parametrize(
    ("options", "kills"),
    [(EVERYTHING, 5), (GUIDED, 3), (OTHERWISE, 2), (CHANNELS_LAST, 1)],
    ids=["all", "guided", "otherwise", "channels-last"],
)
def test_a_run_killed_at_random_steps_ends_bitwise_the_same(
    options: dict, kills: int, tmp_path: Path
) -> None:
    random.seed(20261124)
    if "saliency-guided" in options["strategy"]:
        options = {**options, "object_masks": object_masks(tmp_path / "masks")}
    expected = weights_of(tuned(tmp_path / "whole", **options))
    cut = tmp_path / "cut"
    for _ in range(kills):
        kill_after(started(tuned, cut, resume=True, **options), cut, random.randint(1, 25))
    finish(started(tuned, cut, resume=True, **options))
    assert same(load_file(cut / "model" / "weights.safetensors"), expected)
    whole, again = (logged(tmp_path / name) for name in ("whole", "cut"))
    assert whole == again


@pytest.mark.parametrize("strategy", ["linear-probe", "full", "gradual-unfreeze"])
def test_two_runs_with_the_same_options_are_bitwise_equal(strategy: str, tmp_path: Path) -> None:
    one, other = (
        weights_of(tuned(tmp_path / name, strategy=strategy, workers=workers))
        for name, workers in (("one", 0), ("other", 1))
    )
    assert same(one, other)


def test_another_seed_ends_with_other_weights(tmp_path: Path) -> None:
    one = weights_of(tuned(tmp_path / "0", strategy="linear-probe", seed=0))
    other = weights_of(tuned(tmp_path / "1", strategy="linear-probe", seed=1))
    assert not same(one, other)


def test_resuming_a_finished_run_does_nothing(tmp_path: Path) -> None:
    run = tuned(tmp_path / "run", strategy="linear-probe")
    stamp = (run.folder.model / "weights.safetensors").stat().st_mtime_ns
    tuned(tmp_path / "run", strategy="linear-probe", resume=True)
    assert (run.folder.model / "weights.safetensors").stat().st_mtime_ns == stamp
    assert not run.folder.checkpoints.exists()


def test_resuming_with_other_options_is_an_error(tmp_path: Path) -> None:
    from finetrust import UserError

    tuned(tmp_path / "run", strategy="linear-probe")
    with pytest.raises(UserError, match=r"the run to resume has epochs=2, not 3"):
        tuned(tmp_path / "run", strategy="linear-probe", epochs=3, resume=True)
    with pytest.raises(UserError, match="holds another run"):
        tuned(tmp_path / "run", digits(), strategy="linear-probe")
