"""Confident learning: planted wrong labels are left out and right ones kept, and the run says which."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cleanlab.filter import find_label_issues

import finetrust
from data.mask_folders import coloured_folder
from finetrust import UserError
from finetrust.data.dataset import Dataset
from finetrust.data.source import open_dataset
from finetrust.trust.data.out_of_fold import folds_of, out_of_fold_log_probabilities
from finetrust.tuning.additions.confident_learning import wrong_labels
from tasks.tiny_texts import data as films
from tasks.tiny_texts import tuned as tuned_on_texts

from ..attacked_digits import tuned_small
from ..runs import digits, same, tuned, weights_of

NAME = "confident-learning"


def clouds(n: int, classes: int, spread: float, width: int = 12) -> tuple[np.ndarray, Dataset]:
    """Return features around a centre of each class, and as many items of these classes."""
    rng = np.random.default_rng(0)
    targets = rng.integers(0, classes, n)
    centres = rng.normal(size=(classes, width))
    features = centres[targets] + spread * rng.normal(size=(n, width))
    every = open_dataset("digits").take(np.arange(n))
    names = tuple(f"class {i}" for i in range(classes))
    digests = tuple(str(i) for i in range(n))
    data = replace(every, targets=targets, classes=names, digests=digests)
    return features.astype(np.float32), data


def flipped(data: Dataset, share: float, seed: int = 1) -> tuple[Dataset, np.ndarray]:
    """Return the data with so many labels of another class, and which they are."""
    rng, k = np.random.default_rng(seed), len(data.classes)
    wrong = rng.random(len(data)) < share
    targets = np.where(wrong, (data.targets + rng.integers(1, k, len(data))) % k, data.targets)
    return replace(data, targets=targets), wrong


@pytest.mark.parametrize("spread", [0.3, 1.0], ids=["easy", "hard"])
def test_right_labels_are_kept_also_where_the_probe_errs(spread: float) -> None:
    features, data = clouds(1500, 6, spread)
    pruned, noise = wrong_labels(features, data, 0)
    assert pruned.mean() < 0.004
    assert noise.ci_low == 0


@pytest.mark.parametrize(("spread", "precision", "recall"), [(0.3, 0.98, 0.8), (0.7, 0.9, 0.6)])
def test_planted_wrong_labels_are_found(spread: float, precision: float, recall: float) -> None:
    features, data = clouds(1500, 6, spread)
    noisy, wrong = flipped(data, 0.2)
    pruned, noise = wrong_labels(features, noisy, 0)
    assert (pruned & wrong).sum() / pruned.sum() > precision
    assert (pruned & wrong).sum() / wrong.sum() > recall
    assert noise.ci_low < wrong.mean() < noise.ci_high


def test_what_is_left_out_is_a_part_of_what_cleanlab_would() -> None:
    """Of what its pruning by noise rate takes, all but a few where labels are wrong, and few where not."""
    features, data = clouds(1500, 6, 0.7)
    noisy, wrong = flipped(data, 0.2)
    folds = folds_of(list(noisy.digests), noisy.targets, 0)
    p = np.exp(out_of_fold_log_probabilities(features, noisy.targets, folds, 6))
    issues = find_label_issues(noisy.targets, p, filter_by="prune_by_noise_rate", n_jobs=1)
    pruned, _ = wrong_labels(features, noisy, 0)
    assert (pruned & ~issues).sum() <= 0.02 * pruned.sum()
    assert (issues & wrong & ~pruned).sum() < 0.2 * (issues & wrong).sum()
    assert (pruned & ~wrong).sum() < (issues & ~wrong).sum()


def test_a_class_that_would_lose_all_its_items_loses_none() -> None:
    """Six items by lot are all there is of a class that looks like nothing."""
    features, data = clouds(600, 3, 0.2)
    targets = np.where(data.targets == 2, 0, data.targets)
    few = np.random.default_rng(0).choice(600, 6, replace=False)
    targets[few] = 2
    pruned, noise = wrong_labels(features, replace(data, targets=targets), 0)
    assert noise.share > 0
    assert not pruned[few].any()


def test_too_few_to_judge_are_all_kept() -> None:
    features, data = clouds(9, 3, 0.3)
    pruned, noise = wrong_labels(features, data, 0)
    assert not pruned.any()
    assert noise is None


def test_copies_are_judged_together() -> None:
    """Five copies of an item bear the same wrong label: none may vouch for the others."""
    features, data = clouds(300, 4, 1.0, width=300)
    noisy, wrong = flipped(data, 0.1)
    rows = np.concatenate([np.arange(300), np.repeat(np.flatnonzero(wrong), 4)])
    pruned, _ = wrong_labels(features[rows], noisy.take(rows), 0)
    assert pruned[wrong[rows]].mean() > 0.5
    assert pruned[~wrong[rows]].mean() < 0.01


def noisy_digits() -> tuple[Dataset, set[str]]:
    """Return 500 digits to train on, a fifth of their labels wrong, and 300 with their own labels."""
    every = open_dataset("digits")
    rows = np.random.default_rng(0).permutation(len(every))[:800]
    data = replace(every.take(rows), splits=np.array(["train"] * 500 + ["val"] * 300))
    noisy, wrong = flipped(data, 0.2)
    wrong &= data.splits == "train"
    targets = np.where(data.splits == "train", noisy.targets, data.targets)
    return replace(data, targets=targets), {data.ids[row] for row in np.flatnonzero(wrong)}


def test_a_run_leaves_them_out_says_which_and_gains(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    data, wrong = noisy_digits()
    plan = {"data": data, "epochs": 30, "precision": "fp32", "seed": 1}
    plain = finetrust.tune(
        "glyphnet", strategy="linear-probe", out=str(tmp_path / "plain"), quiet=True, **plan
    )
    run = finetrust.tune(
        "glyphnet", strategy=f"linear-probe + {NAME}", out=str(tmp_path / "run"), **plan
    )
    facts = run.folder.record["additions"][NAME]
    found = set(facts["ids"])
    assert facts["n"] == 500
    assert facts["pruned"] == len(found) == len(facts["ids"]) == sum(facts["by_class"].values())
    assert len(found & wrong) / len(found) > 0.97
    assert len(found & wrong) / len(wrong) > 0.8
    assert facts["ci_low"] < len(wrong) / 500 < facts["ci_high"]
    said = " ".join(capfd.readouterr().err.split())
    assert f"{len(found)} of 500 training items are left out" in said
    before, after = (r.folder.log[-1]["val_accuracy"] for r in (plain, run))
    assert after > before + 0.02
    json.dumps(facts)


def test_a_run_on_right_labels_is_the_plain_one(tmp_path: Path) -> None:
    plain = tuned(tmp_path / "plain", strategy="linear-probe")
    run = tuned(tmp_path / "run", strategy=f"linear-probe + {NAME}")
    assert run.folder.record["additions"][NAME]["pruned"] == 0
    assert same(weights_of(plain), weights_of(run))


def test_texts_can_be_pruned(tmp_path: Path) -> None:
    run = tuned_on_texts(tmp_path, data=films(tmp_path, 80), strategy=f"full + {NAME}")
    assert run.folder.record["additions"][NAME]["n"] == 40


def refused(out: Path, data: object = None, **options: object) -> str:
    with pytest.raises(UserError) as raised:
        tuned(out, data or digits(), strategy=f"full + {NAME}", **options)
    assert "\n" not in str(raised.value)
    assert not out.exists()
    return str(raised.value)


def test_what_makes_no_sense_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "run"
    masks = coloured_folder(tmp_path / "masks", n=8)
    assert f"{NAME} seeks wrong labels among several classes" in refused(out, masks)
    assert "--weights random has none" in refused(out, weights="random")


def test_it_goes_with_another_loss_and_the_ranking(tmp_path: Path) -> None:
    plan = f"lp-ft + {NAME} + focal + correctness-ranking"
    run = tuned_small(tmp_path / "run", plan, data=noisy_digits()[0], epochs=2)
    assert run.folder.record["additions"][NAME]["n"] == 500
    assert run.folder.log[-1]["train_correctness-ranking"] > 0
