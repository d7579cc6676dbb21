"""The seed of an item is its own, wherever it stands."""

import torch

from finetrust.trust.trials.item_seeds import item_seeds


def test_seeds_depend_on_the_id_and_the_seed_only() -> None:
    assert (
        item_seeds(["a", "b", "ü"], 1).tolist()
        == item_seeds(["ü", "a", "b"], 1)[[1, 2, 0]].tolist()
    )
    assert len(set(item_seeds(map(str, range(1000)), 1).tolist())) == 1000
    assert not torch.equal(item_seeds(["a"], 1), item_seeds(["a"], 2))


def test_without_items_there_are_no_seeds() -> None:
    assert item_seeds([], 1).shape == (0,)
