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
from finetrust.data.loader import Loader, epoch_order, inference_batches, item_seeds
from finetrust.data.remembered import remembering
from finetrust.data.source import DataOptions, open_dataset
from finetrust.models.preprocessing import Preprocessing

from .pictures import folder_of

PREPROCESSING = Preprocessing(24, 24, "bilinear", (0.5,) * 3, (0.5,) * 3)


def pictures(root: Path) -> Dataset:
    return open_dataset(str(folder_of(root, {"a": 7, "b": 6})), DataOptions())


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
    loader = Loader(pictures(tmp_path), PREPROCESSING.transform(), 2)
    list(loader.batches([[(0, None)], [(1, None)]]))
    workers = multiprocessing.active_children()
    assert len(workers) == 2
    del loader
    assert not multiprocessing.active_children()


@pytest.mark.parametrize("workers", [0, 1, 2, None])
def test_inference_batches_hold_every_item_once_in_order(
    workers: int | None, tmp_path: Path
) -> None:
    data, transform = pictures(tmp_path), PREPROCESSING.transform()
    batches = list(inference_batches(data, transform, 5, workers))
    assert [len(batch) for batch in batches] == [5, 5, 3]
    expected = torch.stack([transform(data.inputs[i]) for i in range(13)])
    assert torch.equal(torch.cat(batches), expected)


def test_random_transforms_depend_on_the_seed_of_the_item_alone(tmp_path: Path) -> None:
    data, transform = pictures(tmp_path), PREPROCESSING.augmented("trivialaugment")
    plan = [[(3, 11), (4, 12)], [(3, 11), (3, 99)]]
    for workers in (0, 2):
        loader = Loader(data, transform, workers)
        first, again = list(loader.batches(plan)), list(loader.batches(plan[::-1]))
        assert torch.equal(first[0][0], first[1][0])
        assert not torch.equal(first[1][0], first[1][1])
        assert torch.equal(first[0], again[1])
        if workers == 0:
            alone = first
    assert all(torch.equal(a, b) for a, b in zip(alone, first, strict=True))


@pytest.mark.parametrize("workers", [0, 1])
def test_an_input_that_vanished_since_it_was_checked_is_named(workers: int, tmp_path: Path) -> None:
    data = pictures(tmp_path)
    (tmp_path / "b" / "002.jpg").unlink()
    with pytest.raises(UserError, match=r"b/.* cannot be read .*Restore the file"):
        list(inference_batches(data, PREPROCESSING.transform(), 4, workers))


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
