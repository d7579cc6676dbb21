"""What the options of training do."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

import finetrust
from finetrust import UserError

from . import masked_images
from .runs import digits, same, tuned, weights_of

PREPROCESSING = finetrust.Preprocessing(32, 32, "bilinear", (0.5,) * 3, (0.5,) * 3)


class HungryNet(nn.Module):
    """A network that runs out of memory on more than five images at a time while it trains."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, 4)
        self.fc = nn.Linear(8, 10)

    def forward(self, images: Tensor) -> Tensor:
        if self.training and len(images) > 5:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return self.fc(self.conv(images).relu().mean((2, 3)))


class NormedNet(nn.Module):
    """A network with a norm over the batch that leaves nothing of a single image."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.conv = nn.Conv2d(3, 8, 3, 4)
        self.norm = nn.BatchNorm1d(8)
        self.fc = nn.Linear(8, 10)

    def forward(self, images: Tensor) -> Tensor:
        return self.fc(self.norm(self.conv(images).relu().mean((2, 3))))


def distance(one: dict[str, Tensor], other: dict[str, Tensor]) -> float:
    return max(float((one[k].float() - other[k].float()).abs().max()) for k in one)


def test_the_loss_falls_and_validation_is_logged_for_every_epoch(tmp_path: Path) -> None:
    run = tuned(
        tmp_path / "run",
        strategy="full",
        epochs=6,
        augment="none",
        learning_rate=0.01,
    )
    log = run.folder.log
    assert [line["epoch"] for line in log] == [1, 2, 3, 4, 5, 6]
    assert log[-1]["train_loss"] < log[0]["train_loss"] / 2
    assert all(0 <= line["val_accuracy"] <= 1 for line in log)
    assert run.folder.record["validation"]["accuracy"] == max(line["val_accuracy"] for line in log)


@pytest.mark.parametrize("class_weights", ["none", "balanced"])
def test_micro_batches_add_up_to_the_batch(class_weights: str, tmp_path: Path) -> None:
    data = digits(100)
    data = data.take(np.flatnonzero((data.targets < 7) | (np.arange(len(data)) % 3 == 0)))
    options = {"strategy": "linear-probe", "batch_size": 16, "class_weights": class_weights}
    whole = weights_of(tuned(tmp_path / "a", data, **options))
    split = weights_of(tuned(tmp_path / "b", data, micro_batch_size=3, **options))
    assert distance(whole, split) < 1e-5


def test_no_single_image_is_left_over_for_batch_norm(tmp_path: Path) -> None:
    options = {"model": NormedNet(), "preprocessing": PREPROCESSING, "strategy": "full"}
    run = tuned(tmp_path, batch_size=9, micro_batch_size=4, **options)
    assert len(run.folder.log) == 2


@pytest.mark.parametrize("sizes", [(1, None), (9, 2)], ids=["batch", "micro-batch"])
def test_batch_norm_of_a_single_image_is_refused_in_one_line(
    sizes: tuple[int, int | None], tmp_path: Path
) -> None:
    options = {"model": NormedNet(), "preprocessing": PREPROCESSING, "strategy": "full"}
    with pytest.raises(UserError, match=r"batch norm cannot .* Raise --batch-size") as raised:
        tuned(tmp_path, batch_size=sizes[0], micro_batch_size=sizes[1], **options)
    assert "\n" not in str(raised.value)


def test_running_out_of_memory_halves_the_micro_batch_and_goes_on(tmp_path: Path) -> None:
    preprocessing = finetrust.Preprocessing(32, 32, "bilinear", (0.5,) * 3, (0.5,) * 3)
    torch.manual_seed(1)
    module = HungryNet()
    state = {k: v.clone() for k, v in module.state_dict().items()}
    hungry = weights_of(
        tuned(
            tmp_path / "a",
            model=module,
            preprocessing=preprocessing,
            strategy="full",
            batch_size=16,
            augment="none",
        )
    )
    module = HungryNet()
    module.load_state_dict(state)
    modest = weights_of(
        tuned(
            tmp_path / "b",
            model=module,
            preprocessing=preprocessing,
            strategy="full",
            batch_size=16,
            micro_batch_size=4,
            augment="none",
        )
    )
    assert same(hungry, modest)


def test_patience_stops_a_run_that_does_not_get_better(tmp_path: Path) -> None:
    run = tuned(
        tmp_path / "run", strategy="linear-probe", epochs=50, patience=2, learning_rate=1e-12
    )
    assert len(run.folder.log) == 3


def test_the_best_epoch_is_kept_and_not_the_last(tmp_path: Path) -> None:
    run = tuned(
        tmp_path / "run", strategy="linear-probe", epochs=8, learning_rate=3.0, clip_norm=None
    )
    best = max((line["val_accuracy"], -line["val_loss"]) for line in run.folder.log)
    kept = run.folder.record["validation"]
    assert kept["accuracy"] == best[0]
    assert kept["loss"] == pytest.approx(-best[1], abs=1e-4)


@pytest.mark.parametrize(
    "option",
    [
        {"strategy": "linear-probe + ema(decay=0.5)"},
        {"strategy": "linear-probe + swa(start=0.5)"},
        {"strategy": "linear-probe + sam"},
        {"strategy": "linear-probe + asam"},
        {"strategy": "linear-probe + sgd"},
        {"label_smoothing": 0.3},
        {"clip_norm": 1e-3},
        {"weight_decay": 5.0},
        {"warmup": 0.9},
        {"mixup": 0.5},
        {"cutmix": 0.5},
        {"augment": "trivialaugment"},
        {"augment": "crop"},
    ],
    ids=lambda option: next(iter(option)) + "-" + str(next(iter(option.values()))),
)
def test_every_option_changes_the_result(option: dict, tmp_path: Path) -> None:
    common = {"strategy": "linear-probe", "epochs": 3, "batch_size": 10}
    plain = weights_of(tuned(tmp_path / "plain", **common))
    changed = weights_of(tuned(tmp_path / "changed", **{**common, **option}))
    assert not same(plain, changed)
    assert all(torch.isfinite(t).all() for t in changed.values())


def test_balanced_class_weights_help_the_rare_class(tmp_path: Path) -> None:
    data = digits(50, 50)
    rare = data.classes.index("3")
    train = np.flatnonzero(data.splits == "train")
    drop = [row for row in train if data.targets[row] == rare][1:]
    data = data.take(np.setdiff1d(np.arange(len(data)), drop))
    plain, balanced = (
        weights_of(
            tuned(tmp_path / kind, data, strategy="linear-probe", epochs=1, class_weights=kind)
        )["head.bias"][rare]
        for kind in ("none", "balanced")
    )
    assert balanced > plain


def test_weights_that_became_nan_are_an_error_that_names_the_step(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"the training loss became (nan|inf) at step \d+"):
        tuned(tmp_path / "run", strategy="full + sgd", learning_rate=1e30, clip_norm=None)


def test_a_last_step_that_spoils_the_weights_shows_in_the_validation_loss(tmp_path: Path) -> None:
    """Where no validation data show it, the evaluation does: answers that are no numbers are wrong."""
    wild = {"strategy": "full + sgd", "learning_rate": 1e30, "clip_norm": None}
    once = {"epochs": 1, "batch_size": 512}
    with pytest.raises(UserError, match="the validation loss became nan after step 1"):
        tuned(tmp_path / "seen", **wild, **once)
    run = tuned(tmp_path / "unseen", digits(val=0), val_fraction=0.0, **wild, **once)
    accuracy = next(m for m in run.evaluate(quiet=True, trials=()).measures if m.name == "accuracy")
    assert accuracy.value == 0.0


def trained(data: str, out: str, options: dict[str, Any]) -> None:
    """Tune on the masked images in a folder where masks are given, else on digits."""
    if "object_masks" in options:
        masked_images.tuned(Path(data), Path(out), device="cpu", **options)
    else:
        tuned(Path(out), device="cpu", **options)


@pytest.mark.parametrize("kind", ["linear-probe", "guided"])
def test_two_processes_train_as_one_does(kind: str, tmp_path: Path) -> None:
    options: dict = {"strategy": "linear-probe + sam + swa(start=0.4)", "batch_size": 10}
    if kind == "guided":
        options |= {
            "strategy": "full + saliency-guided",
            "object_masks": str(masked_images.write(tmp_path / "data", n=40) / "masks"),
            "epochs": 1,
        }
    script = tmp_path / "train.py"
    script.write_text(
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from tuning.test_loop import trained\n"
        "trained(sys.argv[2], sys.argv[3], eval(sys.argv[4]))\n"
    )
    arguments = [str(tmp_path / "data"), str(tmp_path / "2"), repr(options)]
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    done = subprocess.run(
        [*launcher, "--nproc-per-node", "2", script, Path(__file__).parents[1], *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    trained(str(tmp_path / "data"), str(tmp_path / "1"), options)
    one, two = (load_file(tmp_path / n / "model" / "weights.safetensors") for n in ("1", "2"))
    assert distance(one, two) < 1e-4
