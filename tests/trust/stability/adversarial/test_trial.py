"""The trial: a table for each norm, with which the measures come to known answers."""

from pathlib import Path

import numpy as np
import pytest
import torch

from finetrust.config import EvaluateOptions
from finetrust.core.errors import NotApplicable
from finetrust.core.evidence import Evidence
from finetrust.core.predictions import Predictions
from finetrust.models.inference import Inference
from finetrust.tasks.predicted import predicted
from finetrust.tasks.task import tasks
from finetrust.trust.stability.adversarial.median_perturbation import (
    median_l2_perturbation,
    median_linf_perturbation,
)
from finetrust.trust.stability.adversarial.robust_accuracy import robust_accuracy
from finetrust.trust.trials.bench import Bench
from finetrust.trust.trials.trial import trials

from ...pixels import colour_network, dataset_of, red_and_blue_squares

TASK = tasks.get("classification")
# The mean of red less that of blue over the image: 64 of 1024 places, (255 - 20) / 255 each.
GAP = 64 / 1024 * 235 / 255
LINF, L2 = GAP / 2, GAP * 1024 / np.sqrt(2 * 1024)


def bench_of(n: int = 8, wrong: tuple[int, ...] = (), **options: object) -> Bench:
    pixels, targets = red_and_blue_squares(n)
    targets = targets.copy()
    targets[list(wrong)] = 1 - targets[list(wrong)]
    dataset = dataset_of(pixels, targets, ("red", "blue"))
    network = colour_network()
    inference = Inference(network)
    inference.batch_size = 8
    clean = predicted(TASK, inference, dataset, workers=0)
    chosen = EvaluateOptions.model_validate({"workers": 0, **options})
    return Bench(TASK, network, inference, dataset, clean, ("red", "blue"), options=chosen)


def evidence_of(bench: Bench, folder: Path) -> Evidence:
    tables = {}
    for step in trials.get("adversarial").plan(bench):
        step.run().save(folder / f"{step.name}.parquet")
        tables[step.name] = Predictions.load(folder / f"{step.name}.parquet")
    return Evidence(bench.clean, trials={"adversarial": tables})


def test_the_known_distance_of_a_real_network_is_found_and_kept(tmp_path):
    evidence = evidence_of(bench_of(wrong=(3,), effort="standard"), tmp_path)
    whole, *parts = robust_accuracy(evidence)
    shares = {part.subset: part.value for part in parts}
    assert whole.value == pytest.approx(7 / 8)
    assert shares["linf=4/255"] == shares["linf=0.5/255"] == pytest.approx(7 / 8)
    assert shares["linf=8/255"] == 0
    assert shares["l2=1"] == pytest.approx(7 / 8)
    assert shares["l2=2"] == 0
    (linf,) = median_linf_perturbation(evidence)
    (l2,) = median_l2_perturbation(evidence)
    assert linf.value == pytest.approx(LINF * 255, rel=0.01)
    assert l2.value == pytest.approx(L2, rel=0.01)
    assert linf.n == l2.n == 7


def test_the_network_is_left_as_it_was(tmp_path):
    bench = bench_of()
    before = {name: value.clone() for name, value in bench.network.state_dict().items()}
    first, *_ = bench.network.parameters()
    first.requires_grad_(False)
    taking = [parameter.requires_grad for parameter in bench.network.parameters()]
    evidence_of(bench, tmp_path)
    assert [parameter.requires_grad for parameter in bench.network.parameters()] == taking
    assert all(parameter.grad is None for parameter in bench.network.parameters())
    assert not bench.network.training
    for name, value in bench.network.state_dict().items():
        assert torch.equal(value, before[name])


def test_a_table_has_the_items_of_the_costly_sample_in_their_order():
    bench = bench_of(20, trial_items=7)
    for step in trials.get("adversarial").plan(bench):
        table = step.run()
        assert table.ids.tolist() == [f"{i}.png" for i in bench.sample(costly=True)]
        assert step.backward > step.settings["apgd_ce"]


def test_quick_effort_leaves_the_euclidean_norm_out(tmp_path):
    bench = bench_of(effort="quick")
    assert [step.name for step in trials.get("adversarial").plan(bench)] == ["linf"]
    evidence = evidence_of(bench, tmp_path)
    *_, last = robust_accuracy(evidence)
    assert "no attacks in the norm l2" in last.reason
    with pytest.raises(NotApplicable, match="norm l2"):
        list(median_l2_perturbation(evidence))


def test_what_has_no_rows_of_logits_is_not_attacked():
    bench = bench_of()
    without = Predictions(bench.clean.ids, {"target": bench.clean["target"].astype(float)})
    other = Bench(TASK, bench.network, bench.inference, bench.dataset, without)
    with pytest.raises(NotApplicable):
        trials.get("adversarial").plan(other)


def test_more_pixels_change_the_sizes_in_the_euclidean_norm_alone():
    from finetrust.trust.stability.adversarial.grids import grid_of, label_of

    assert [label_of("l2", size) for size in grid_of("l2", 224, 224).sizes] == [
        "0.875", "1.75", "3.5", "7", "14",
    ]  # fmt: skip
    assert grid_of("linf", 224, 224) == grid_of("linf", 32, 32)
    assert [label_of("linf", size) for size in grid_of("linf", 32, 32).sizes] == [
        "0.5/255", "1/255", "2/255", "4/255", "8/255", "16/255",
    ]  # fmt: skip
