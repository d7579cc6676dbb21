"""Regression runs through the same frame as every task: brightness is read off pictures."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image
from sklearn.metrics import mean_absolute_error, r2_score

import finetrust
from finetrust.core.evidence import Evidence
from finetrust.core.measure import measures
from finetrust.core.predictions import Predictions
from finetrust.tasks.task import tasks

tasks.get("regression")


def table_of_greys(root: Path, n: int) -> Path:
    """Return a table of pictures whose label is how bright they are, from 0 to 10."""
    rng = np.random.default_rng(0)
    rows = ["path,label"]
    for i in range(n):
        level = rng.uniform(0, 10)
        pixels = np.clip(rng.normal(25 * level, 20, (32, 32, 3)), 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(root / f"{i:03d}.png")
        rows.append(f"{i:03d}.png,{level:.3f}")
    table = root / "greys.csv"
    table.write_text("\n".join(rows))
    return table


def test_a_number_is_learned_judged_and_predicted(tmp_path: Path) -> None:
    data = table_of_greys(tmp_path, 80)
    run = finetrust.tune(
        "glyphnet", data, task="regression", strategy="linear-probe", out=str(tmp_path / "run"),
        precision="fp32", quiet=True,
    )  # fmt: skip
    profile = run.evaluate(quiet=True, trials="corruptions", corruptions="gaussian_noise")
    assert profile["r2"].ci_low > 0.5
    assert profile["mae"].value < 2
    assert not profile["accuracy"].applies
    answers = finetrust.load(run.path).predict(tmp_path / "000.png", tmp_path / "001.png")
    labels = [float(line.split(",")[1]) for line in data.read_text().split("\n")[1:3]]
    assert np.abs(np.subtract([answer["number"] for answer in answers], labels)).max() < 4
    assert run.report().exists()


def test_labels_that_are_no_numbers_are_named(tmp_path: Path) -> None:
    data = table_of_greys(tmp_path, 6)
    data.write_text(data.read_text() + "\n000.png,bright")
    with pytest.raises(finetrust.UserError, match="label 'bright' is no number"):
        finetrust.tune("glyphnet", data, task="regression", out=str(tmp_path / "run"), quiet=True)


def judged(targets: np.ndarray, predicted: np.ndarray) -> Evidence:
    columns = {"number": targets, "predicted_number": predicted}
    return Evidence(Predictions(np.arange(len(targets)).astype(str), columns))


@given(arrays.arrays(float, (30, 2), elements=st.floats(-1e3, 1e3)))
def test_the_measures_agree_with_scikit_learn(pairs: np.ndarray) -> None:
    pairs[0] = 1001, 0
    (mae,) = measures.get("mae").estimate(judged(*pairs.T))
    (r2,) = measures.get("r2").estimate(judged(*pairs.T))
    assert mae.value == pytest.approx(mean_absolute_error(*pairs.T))
    assert r2.value == pytest.approx(r2_score(*pairs.T))
    assert mae.ci_low <= mae.value <= mae.ci_high
    assert r2.ci_low <= r2.value <= r2.ci_high


def test_the_interval_of_r2_covers_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(100):
        signal, noise = rng.normal(size=(2, 150))
        (r2,) = measures.get("r2").estimate(judged(signal + noise, signal))
        covered += r2.ci_low <= 0.5 <= r2.ci_high
    assert 86 <= covered <= 100
