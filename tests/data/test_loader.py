"""Batches are the same whatever decodes them, and an input that vanished is named."""

import multiprocessing
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from finetrust.core.errors import UserError
from finetrust.data.dataset import Dataset
from finetrust.data.loader import Loader, epoch_order, item_seeds
from finetrust.data.remembered import remembering
from finetrust.data.source import DataOptions, open_dataset
from finetrust.models.preprocessing import Preprocessing
from finetrust.models.preprocessor import InputSamples
from finetrust.tasks.item_samples import ItemSamples

from .pictures import folder_of

PREPROCESSING = Preprocessing(24, 24, "bilinear", (0.5,) * 3, (0.5,) * 3)


def pictures(root: Path) -> Dataset:
    return open_dataset(str(folder_of(root, {"a": 7, "b": 6})), DataOptions())


def augmented() -> ItemSamples:
    return ItemSamples(PREPROCESSING.augmented("trivialaugment"), PREPROCESSING.collate)


def test_decoded_images_are_remembered_up_to_a_budget(tmp_path: Path) -> None:
    data = pictures(tmp_path)
    one = data.inputs[0]
    some = remembering(data, most_bytes=3 * 3 * one.width * one.height)
    for _ in range(2):
        assert [some.inputs[i].tobytes() for i in range(13)] == [
            data.inputs[i].tobytes() for i in range(13)
        ]
    for path in tmp_path.rglob("*.jpg"):
        path.unlink()
    assert some.inputs[2].size == one.size
    with pytest.raises(OSError, match="No such file"):
        some.inputs[3]


def test_workers_stop_as_soon_as_nobody_needs_them(tmp_path: Path) -> None:
    loader = Loader(pictures(tmp_path), InputSamples(PREPROCESSING), 2)
    list(loader.batches([[(0, None)], [(1, None)]]))
    workers = multiprocessing.active_children()
    assert len(workers) == 2
    del loader
    assert not multiprocessing.active_children()


@pytest.mark.parametrize("workers", [0, 1, 2, None])
def test_batches_hold_the_planned_items_with_their_targets(
    workers: int | None, tmp_path: Path
) -> None:
    data, transform = pictures(tmp_path), PREPROCESSING.transform()
    samples = ItemSamples(transform, PREPROCESSING.collate)
    plan = [[(row, None) for row in part] for part in ([12, 0, 7], [3], [3, 4])]
    batches = list(Loader(data, samples, workers).batches(plan))
    assert [len(inputs) for inputs, _ in batches] == [3, 1, 2]
    rows = [12, 0, 7, 3, 3, 4]
    expected = torch.stack([transform(data.inputs[row]) for row in rows])
    assert torch.equal(torch.cat([inputs for inputs, _ in batches]), expected)
    assert torch.cat([targets for _, targets in batches]).tolist() == data.targets[rows].tolist()


def test_a_pass_without_targets_reads_none(tmp_path: Path) -> None:
    [(inputs, targets)] = Loader(pictures(tmp_path), InputSamples(PREPROCESSING), 0).batches(
        [[(0, None), (1, None)]]
    )
    assert inputs.shape == (2, 3, 24, 24)
    assert targets is None


def test_random_transforms_depend_on_the_seed_of_the_item_alone(tmp_path: Path) -> None:
    data = pictures(tmp_path)
    plan = [[(3, 11), (4, 12)], [(3, 11), (3, 99)]]
    for workers in (0, 2):
        loader = Loader(data, augmented(), workers)
        first, again = (
            [inputs for inputs, _ in loader.batches(order)] for order in (plan, plan[::-1])
        )
        assert torch.equal(first[0][0], first[1][0])
        assert not torch.equal(first[1][0], first[1][1])
        assert torch.equal(first[0], again[1])
        if workers == 0:
            alone = first
    assert all(torch.equal(a, b) for a, b in zip(alone, first, strict=True))


class Jittered(ItemSamples):
    """Samples whose targets move at random with their inputs."""

    def item(self, value: object, target: int) -> tuple[object, torch.Tensor]:
        return self._prepare(value), target + torch.rand(())


def test_random_targets_depend_on_the_seed_of_the_item_too(tmp_path: Path) -> None:
    samples = Jittered(PREPROCESSING.augmented("crop"), PREPROCESSING.collate)
    plan = [[(3, 11), (4, 12)], [(3, 11), (3, 99)]]
    [(_, (a, b)), (_, (c, d))] = Loader(pictures(tmp_path), samples, 0).batches(plan)
    assert a == c
    assert len({float(a), float(b), float(d)}) == 3


@pytest.mark.parametrize("workers", [0, 1])
def test_an_input_that_vanished_since_it_was_checked_is_named(workers: int, tmp_path: Path) -> None:
    data = pictures(tmp_path)
    (tmp_path / "b" / "002.jpg").unlink()
    loader = Loader(data, InputSamples(PREPROCESSING), workers)
    with pytest.raises(UserError, match=r"b/.* cannot be read .*Restore the file"):
        list(loader.batches([[(row, None)] for row in range(13)]))


def test_a_target_that_vanished_since_it_was_checked_is_named(tmp_path: Path) -> None:
    class Lost(ItemSamples):
        def item(self, value: object, target: object) -> tuple[object, object]:
            raise FileNotFoundError("mask.png")

    samples = Lost(PREPROCESSING.transform(), PREPROCESSING.collate)
    with pytest.raises(UserError, match=r"a/000\.jpg cannot be read \(mask\.png\)"):
        list(Loader(pictures(tmp_path), samples, 0).batches([[(0, None)]]))


@settings(max_examples=15)
@given(st.integers(1, 300), st.integers(0, 2**31 - 1), st.integers(0, 50))
def test_an_epoch_holds_every_item_once_in_an_order_of_its_own(
    n: int, seed: int, epoch: int
) -> None:
    order = epoch_order(n, seed, epoch)
    assert sorted(order) == list(range(n))
    assert np.array_equal(order, epoch_order(n, seed, epoch))
    assert len(set(item_seeds(n, seed, epoch).tolist())) == n
    if n > 20:
        assert not np.array_equal(order, epoch_order(n, seed, epoch + 1))
