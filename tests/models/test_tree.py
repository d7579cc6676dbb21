import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from finetrust.models.tree import flat, joined, leaves, mapped, n_items, split, taken, to_device


def numbered(n, *shape, first=0):
    """A tensor (n, *shape) whose numbers tell the items apart."""
    return (torch.arange(first, first + n).float() * 100).view(n, *[1] * len(shape)).expand(
        n, *shape
    ) + torch.arange(torch.Size(shape).numel()).view(1, *shape)


def batch_of(n, first=0):
    """A batch of every kind of tree: maps of two sizes, named parts, and boxes of each image."""
    return {
        "maps": (numbered(n, 2, 4, 4, first=first), numbered(n, 3, 2, 2, first=first)),
        "ids": numbered(n, 5, first=first).long(),
        "boxes": [torch.full((i % 3, 4), float(i)) for i in range(first, first + n)],
    }


def same(a, b):
    assert type(a) is type(b)
    if isinstance(a, torch.Tensor):
        assert a.dtype == b.dtype
        return torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[name], b[name]) for name in a)
    return len(a) == len(b) and all(map(same, a, b))


@given(st.integers(1, 7), st.integers(1, 9))
def test_a_batch_in_parts_and_joined_again_is_the_batch(n, size):
    batch = batch_of(n)
    parts = split(batch, size)
    sizes = [n_items(part) for part in parts]
    assert len(sizes) == -(-n // size)
    assert max(sizes) <= size
    assert max(sizes) - min(sizes) <= 1, "no single item is left over where there is another way"
    assert same(joined(parts), batch)


def test_taken_items_are_those_of_every_part():
    assert same(taken(batch_of(6), slice(2, 5)), batch_of(3, first=2))


def test_every_tensor_is_changed_and_the_form_is_kept():
    batch = batch_of(3)
    doubled = mapped(lambda tensor: tensor * 2, batch)
    assert type(doubled["maps"]) is tuple
    assert type(doubled["boxes"]) is list
    assert all(torch.equal(a, 2 * b) for a, b in zip(leaves(doubled), leaves(batch), strict=True))
    assert same(batch, batch_of(3))


def test_what_is_no_tensor_stays_as_it_is():
    assert mapped(lambda tensor: tensor * 2, {"size": 3, "name": "a", "none": None}) == {
        "size": 3, "name": "a", "none": None,
    }  # fmt: skip


def test_a_batch_goes_to_a_device_whole():
    moved = to_device(batch_of(2), torch.device("meta"))
    assert {leaf.device.type for leaf in leaves(moved)} == {"meta"}


@pytest.mark.parametrize("tree", [torch.zeros(3, 2), [1, 2, 3], ({"a": torch.zeros(3)}, 0)])
def test_items_are_counted_along_the_first_axis(tree):
    assert n_items(tree) == 3


def test_texts_of_other_lengths_are_padded_with_zeros_at_the_end():
    short, long = torch.ones(2, 3, 4), torch.ones(1, 5, 4)
    both = joined([short, long])
    assert both.shape == (3, 5, 4)
    assert both[:2, :3].eq(1).all()
    assert both[:2, 3:].eq(0).all()
    assert both[2].eq(1).all()
    ids = joined([{"ids": torch.ones(1, 2).long()}, {"ids": torch.ones(1, 4).long()}])["ids"]
    assert ids.tolist() == [[1, 1, 0, 0], [1, 1, 1, 1]]


def test_numbers_of_an_item_lie_in_one_row():
    maps = numbered(3, 2, 4, 4), numbered(3, 3, 2, 2)
    rows = flat(maps)
    assert rows.shape == (3, 2 * 16 + 3 * 4)
    for i in range(3):
        assert torch.equal(rows[i], torch.cat([maps[0][i].flatten(), maps[1][i].flatten()]))
    assert flat(torch.ones(2, 3, dtype=torch.bfloat16)).dtype == torch.float32
