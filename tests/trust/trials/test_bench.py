"""What a trial is given: samples, inputs that are decoded once, answers to changed inputs."""

from collections import Counter

import numpy as np
import pytest
import torch
from PIL import Image

from finetrust.config import EvaluateOptions
from finetrust.core.errors import NotApplicable
from finetrust.data.dataset import Dataset
from finetrust.models.inference import Inference
from finetrust.tasks.predicted import predicted
from finetrust.tasks.task import tasks
from finetrust.trust.trials import bench as module
from finetrust.trust.trials.bench import Bench

from ..pixels import Pixels, colour_network, dataset_of, red_and_blue_squares

TASK = tasks.get("classification")


class Counting(Pixels):
    """Inputs that count how often each is read."""

    def __init__(self, pixels: np.ndarray) -> None:
        super().__init__(pixels)
        self.reads: Counter[int] = Counter()

    def __getitem__(self, index: int) -> Image.Image:
        self.reads[index] += 1
        return super().__getitem__(index)


def bench_of(n: int = 12, **options: object) -> tuple[Bench, Counting]:
    pixels, targets = red_and_blue_squares(n)
    inputs = Counting(pixels + np.arange(n, dtype=np.uint8)[:, None, None, None] % 4)
    plain = dataset_of(inputs.pixels, targets, ("red", "blue"))
    dataset = Dataset(plain.name, plain.ids, inputs, plain.targets, plain.classes, plain.splits)
    network = colour_network()
    inference = Inference(network)
    inference.batch_size = 5
    clean = predicted(TASK, inference, dataset, workers=0)
    inputs.reads.clear()
    chosen = EvaluateOptions.model_validate({"workers": 0, **options})
    return Bench(TASK, network, inference, dataset, clean, ("red", "blue"), options=chosen), inputs


def test_samples_are_sorted_and_a_costly_one_is_part_of_the_other():
    bench, _ = bench_of(600)
    rows, few = bench.sample(), bench.sample(costly=True)
    assert len(rows) == 385
    assert len(few) == 97
    assert (np.diff(rows) > 0).all()
    assert set(few) < set(rows)
    assert not np.array_equal(rows, bench_of(600, seed=1)[0].sample())


def test_inputs_are_decoded_once_and_are_pixels_in_the_unit_interval():
    bench, inputs = bench_of(trial_items=7)
    rows = bench.sample()
    for _ in range(3):
        for part, images in bench.batches(rows, "again"):
            expected = inputs.pixels[part].transpose(0, 3, 1, 2) / np.float32(255)
            np.testing.assert_allclose(images.numpy(), expected, atol=1e-7)
    assert inputs.reads == Counter(rows.tolist())


def test_items_outside_of_the_sample_are_read_when_asked_for(monkeypatch: pytest.MonkeyPatch):
    bench, inputs = bench_of(trial_items=4)
    assert np.concatenate([part for part, _ in bench.batches(np.arange(12), "all")]).tolist() == [
        *range(12)
    ]
    monkeypatch.setattr(module, "MOST_BYTES_KEPT", 1)
    bench, inputs = bench_of(trial_items=4)
    for _ in range(2):
        assert sum(len(part) for part, _ in bench.batches(bench.sample(), "few")) == 4
    assert set(inputs.reads.values()) == {2}


def test_answers_are_those_of_the_network_to_the_changed_inputs():
    bench, _ = bench_of(trial_items=9)
    rows = bench.sample()
    table = bench.answers(rows, "mirrored", lambda part, images: 1 - images)
    plain = bench.answers(rows, "plain")
    np.testing.assert_allclose(plain["logits"], bench.clean["logits"][rows], atol=1e-5)
    np.testing.assert_allclose(table["logits"], -plain["logits"], atol=1e-4)
    assert table.ids.tolist() == [bench.dataset.ids[row] for row in rows]
    assert table.perturbation == "mirrored"


def test_seeds_belong_to_items_not_to_places():
    bench, _ = bench_of()
    assert torch.equal(bench.seeds(np.array([5, 2])), bench.seeds(np.arange(12))[[5, 2]])


def test_what_a_trial_needs_is_refused_with_the_reason():
    bench, _ = bench_of()
    bench.require_rows_of_logits()
    bench.require_pixels()
    other = Bench(
        TASK, bench.network, bench.inference, bench.dataset, bench.clean.without("logits")
    )
    with pytest.raises(NotApplicable, match="one row of logits"):
        other.require_rows_of_logits()
