"""Runs with another loss: what it is good for, on which tasks it works, and when it is refused."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import finetrust
from data.mask_folders import coloured_folder
from data.tagged_files import review_folder
from finetrust import UserError
from finetrust.data.dataset import Dataset
from finetrust.data.source import open_dataset
from finetrust.tasks.task import tasks
from models.tiny_encoders import bert_folder
from tasks.tiny_texts import data as films
from tasks.tiny_texts import tuned as tuned_on_texts

from ..runs import digits, same, tuned, weights_of

LOSSES = (
    "focal",
    "logit-adjusted",
    "class-balanced",
    "generalised-cross-entropy",
    "symmetric-cross-entropy",
)
losses = pytest.mark.parametrize("loss", LOSSES)


def cut(train: np.ndarray, val: np.ndarray) -> Dataset:
    """Return digits at these rows, split by hand."""
    every = open_dataset("digits")
    splits = np.array(["train"] * len(train) + ["val"] * len(val))
    return replace(every.take(np.concatenate([train, val])), splits=splits)


def wrongly_labelled() -> Dataset:
    """Return 400 digits to train on, 40 % of their labels wrong, and 500 with their own labels."""
    rng = np.random.default_rng(0)
    rows = rng.permutation(len(open_dataset("digits")))
    data = cut(rows[:400], rows[400:900])
    wrong = np.flatnonzero(rng.random(400) < 0.4)
    targets = data.targets.copy()
    targets[wrong] = (targets[wrong] + rng.integers(1, 10, len(wrong))) % 10
    return replace(data, targets=targets)


def long_tailed() -> Dataset:
    """Return digits to train on, 100 zeros down to 2 nines, and 70 of each to validate on."""
    rng = np.random.default_rng(0)
    targets = open_dataset("digits").targets
    train, val = [], []
    for label in range(10):
        rows, n = rng.permutation(np.flatnonzero(targets == label)), max(2, int(100 * 0.6**label))
        train.append(rows[:n])
        val.append(rows[n : n + 70])
    return cut(np.concatenate(train), np.concatenate(val))


def last_accuracy(out: Path, data: Dataset, strategy: str, epochs: int) -> float:
    run = tuned(out, data, strategy=strategy, epochs=epochs)
    assert run.folder.record["phases"][0]["cached"]
    return run.folder.log[-1]["val_accuracy"]


def test_planted_wrong_labels_are_borne_better_than_by_cross_entropy(tmp_path: Path) -> None:
    """A probe at the end of its training, by 500 right labels; each gained 8 points when written."""
    data = wrongly_labelled()
    plain = last_accuracy(tmp_path / "plain", data, "linear-probe", 40)
    for loss in ("generalised-cross-entropy", "symmetric-cross-entropy"):
        robust = last_accuracy(tmp_path / loss, data, f"linear-probe + {loss}", 40)
        assert robust > plain + 0.05


def test_a_long_tail_is_learnt_better_than_by_cross_entropy(tmp_path: Path) -> None:
    """Balanced accuracy, all classes being equally frequent in the validation data."""
    data = long_tailed()
    plain = last_accuracy(tmp_path / "plain", data, "linear-probe", 3)
    adjusted = last_accuracy(tmp_path / "a", data, "linear-probe + logit-adjusted", 3)
    balanced = last_accuracy(tmp_path / "b", data, "linear-probe + class-balanced", 3)
    assert adjusted > plain + 0.05
    assert balanced > plain + 0.02


def test_at_its_limit_the_run_is_that_of_cross_entropy(tmp_path: Path) -> None:
    common = {"label_smoothing": 0.1, "cutmix": 1.0}
    plain = weights_of(tuned(tmp_path / "plain", strategy="full", **common))
    limit = weights_of(tuned(tmp_path / "0", strategy="full + focal(gamma=0)", **common))
    other = weights_of(tuned(tmp_path / "2", strategy="full + focal", **common))
    for name, tensor in plain.items():
        torch.testing.assert_close(limit[name], tensor, rtol=1e-3, atol=1e-4)
    assert not np.allclose(other["head.weight"], plain["head.weight"], rtol=1e-3, atol=1e-4)


class Stopped(nn.Module):
    """A network that is stopped after so many passes of training."""

    left: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.conv = nn.Conv2d(3, 8, 3, 4)
        self.fc = nn.Linear(8, 10)

    def forward(self, images: Tensor) -> Tensor:
        if self.training:
            Stopped.left -= 1
            if Stopped.left < 0:
                raise KeyboardInterrupt
        return self.fc(self.conv(images).relu().mean((2, 3)))


@losses
def test_a_run_that_was_stopped_and_resumed_ends_bitwise_the_same(
    loss: str, tmp_path: Path
) -> None:
    def trained(name: str, passes: int) -> finetrust.Run:
        Stopped.left = passes
        return tuned(
            tmp_path / name,
            model=Stopped(),
            preprocessing=finetrust.Preprocessing(32, 32, "bilinear", (0.5,) * 3, (0.5,) * 3),
            strategy=f"full + {loss}",
            batch_size=16,
            micro_batch_size=5,
            mixup=0.4,
            label_smoothing=0.1,
            checkpoint_steps=1,
            resume=True,
        )

    whole = trained("whole", 10**6)
    with pytest.raises(KeyboardInterrupt):
        trained("stopped", 18)
    assert not (tmp_path / "stopped" / "model").exists()
    assert same(weights_of(trained("stopped", 10**6)), weights_of(whole))


@losses
def test_texts_tags_and_masks_are_learnt_by_it(loss: str, tmp_path: Path) -> None:
    texts = tuned_on_texts(tmp_path, "texts", strategy=f"linear-probe + {loss}")
    tags = finetrust.tune(
        f"transformers:{bert_folder(tmp_path / 'bert')}",
        review_folder(tmp_path / "tags"),
        strategy=f"linear-probe + {loss}",
        label_smoothing=0.1,
        epochs=4,
        out=str(tmp_path / "tagged"),
        quiet=True,
    )
    masks = finetrust.tune(
        "glyphnet",
        coloured_folder(tmp_path / "masks", n=8),
        strategy=f"linear-probe + {loss}",
        epochs=3,
        out=str(tmp_path / "masked"),
        quiet=True,
    )
    for run in (texts, tags, masks):
        said = [line["train_loss"] for line in run.folder.log]
        assert np.isfinite(said).all()
        assert said[-1] < said[0]
        assert run.folder.record["strategy"] == f"linear-probe + {loss}"


def refusal(out: Path, strategy: str, data: Any = None, **options: Any) -> str:
    chosen = {"model": "glyphnet", "data": digits() if data is None else data, **options}
    with pytest.raises(UserError) as raised:
        finetrust.tune(**chosen, strategy=strategy, out=str(out), quiet=True)
    assert "\n" not in str(raised.value)
    assert not out.exists()
    return str(raised.value)


@losses
def test_tasks_with_another_loss_refuse_it(loss: str, tmp_path: Path) -> None:
    file = tmp_path / "labels.jsonl"
    rows = [{"text": f"{w} film {i}", "label": [w]} for i in range(12) for w in ("good", "bad")]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    strategy = f"full + {loss}"
    encoder = str(bert_folder(tmp_path / "bert"))
    said = refusal(tmp_path / "a", strategy, str(file), model=encoder)
    assert said.startswith(f"{loss} takes the place of a cross entropy over classes")
    tasks.get("regression")
    table = tmp_path / "numbers.csv"
    every = coloured_folder(tmp_path / "images", n=8) / "images"
    names = [f"{path},{i}.5" for i, path in enumerate(sorted(every.iterdir()))]
    table.write_text("\n".join(["path,label", *names]))
    said = refusal(tmp_path / "b", strategy, str(table), task="regression")
    assert "this task has another loss" in said


@pytest.mark.parametrize("loss", ["logit-adjusted", "class-balanced"])
def test_of_rare_classes_the_last_epoch_is_kept(loss: str, tmp_path: Path) -> None:
    """The validation labels are drawn, so that they say nothing of the epochs."""
    data = long_tailed()
    targets, val = data.targets.copy(), np.flatnonzero(data.splits == "val")
    targets[val] = np.random.default_rng(3).permutation(targets[val])
    drawn = replace(data, targets=targets)
    run = tuned(tmp_path / "run", data=drawn, strategy=f"full + {loss}", epochs=5, input_size=32)
    accuracy = [line["val_accuracy"] for line in run.folder.log]
    assert accuracy[-1] < max(accuracy)
    assert run.folder.record["validation"]["accuracy"] == pytest.approx(accuracy[-1])
    said = refusal(tmp_path / "other", f"full + {loss}", patience=2)
    assert f"{loss} and --patience: with {loss} the last epoch is kept" in said
    tuned(tmp_path / "probe", strategy=f"linear-probe + {loss}", patience=2, epochs=1)


def test_two_losses_are_refused(tmp_path: Path) -> None:
    said = refusal(tmp_path / "a", "full + focal + logit-adjusted")
    assert "focal and logit-adjusted both are the loss of the run" in said
    masks = coloured_folder(tmp_path / "masks", n=8)
    said = refusal(tmp_path / "b", "full + focal", masks, loss="dice")
    assert "focal and --loss dice both are the loss of the run" in said


def test_frequencies_are_made_up_for_only_once(tmp_path: Path) -> None:
    for loss in ("logit-adjusted", "class-balanced"):
        said = refusal(tmp_path / loss, f"full + {loss}", class_weights="balanced")
        assert f"{loss} and --class-weights balanced both make up for rare classes" in said
    common = {"strategy": "linear-probe + focal", "epochs": 1}
    plain = tuned_on_texts(tmp_path, "plain", data=uneven(tmp_path), **common)
    weighted = tuned_on_texts(
        tmp_path, "weighted", data=uneven(tmp_path), class_weights="balanced", **common
    )
    assert not same(weights_of(plain), weights_of(weighted))


def uneven(folder: Path) -> Dataset:
    """Return films of which one kind is rare in the training data."""
    every = films(folder)
    rare = np.flatnonzero((every.splits == "train") & (every.targets == 0))
    return every.take(np.setdiff1d(np.arange(len(every)), rare[4:]))


@pytest.mark.parametrize(
    "wrong",
    [
        "focal(gamma=-1)",
        "logit-adjusted(tau=-1)",
        "class-balanced(beta=1)",
        "generalised-cross-entropy(q=0)",
        "generalised-cross-entropy(q=1.1)",
        "symmetric-cross-entropy(alpha=0)",
        "symmetric-cross-entropy(beta=nan)",
    ],
)
def test_settings_out_of_range_are_refused(wrong: str, tmp_path: Path) -> None:
    assert "option '" in refusal(tmp_path / "run", f"full + {wrong}")
