import hashlib
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finetrust.core.errors import UserError
from finetrust.data.splits import cut_splits

CONTENTS = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 60)), min_size=1, max_size=120
)  # (class, content): equal contents are exact copies
FRACTIONS = st.sampled_from([0.0, 0.05, 0.15, 0.3, 0.45])


def digest(content: int) -> str:
    return hashlib.sha256(str(content).encode()).hexdigest()


def cut(
    items: list[tuple[int, int]],
    val: float = 0.15,
    test: float = 0.15,
    splits: list[str] | None = None,
) -> list[str]:
    targets = np.array([label for label, _ in items])
    digests = [digest(content) for _, content in items]
    named = np.array(splits or [""] * len(items))
    return cut_splits(targets, named, digests, digests, val, test).tolist()


@given(CONTENTS, FRACTIONS, FRACTIONS, st.randoms())
@settings(max_examples=150, deadline=None)
def test_the_order_of_the_items_changes_nothing(items, val, test, random) -> None:
    numbered = list(enumerate(items))
    random.shuffle(numbered)
    shuffled = cut([item for _, item in numbered], val, test)
    back = {row: split for (row, _), split in zip(numbered, shuffled, strict=True)}
    assert [back[row] for row in range(len(items))] == cut(items, val, test)


@given(CONTENTS, FRACTIONS, FRACTIONS)
@settings(max_examples=150, deadline=None)
def test_exact_copies_stay_on_one_side(items, val, test) -> None:
    splits_of: dict[int, set[str]] = {}
    for (_, content), split in zip(items, cut(items, val, test), strict=True):
        splits_of.setdefault(content, set()).add(split)
    assert all(len(splits) == 1 for splits in splits_of.values())


@given(CONTENTS, FRACTIONS, FRACTIONS)
@settings(max_examples=150, deadline=None)
def test_every_class_keeps_an_item_in_train(items, val, test) -> None:
    found = cut(items, val, test)
    trained = {label for (label, _), split in zip(items, found, strict=True) if split == "train"}
    assert trained == {label for label, _ in items}


@given(st.lists(st.integers(2, 60), min_size=1, max_size=6), FRACTIONS, FRACTIONS)
@settings(max_examples=150, deadline=None)
def test_the_share_of_every_class_is_exact_to_one_item(sizes, val, test) -> None:
    items = [(label, 1000 * label + i) for label, size in enumerate(sizes) for i in range(size)]
    counts = Counter(zip((label for label, _ in items), cut(items, val, test), strict=True))
    for label, size in enumerate(sizes):
        assert abs(counts[label, "test"] - test * size) < 1
        room = size - counts[label, "test"] - 1
        assert abs(counts[label, "val"] - min(val * size, room)) < 1
    if test > 0:
        assert counts.total() == sum(sizes)
        assert any(counts[label, "test"] for label in range(len(sizes)))


def test_the_contents_alone_decide_not_the_labels_names_or_the_number_of_classes() -> None:
    items = [(0, i) for i in range(40)]
    alone = cut(items)
    assert cut([*items, *((1, 100 + i) for i in range(40))])[:40] == alone


def test_named_splits_are_never_touched() -> None:
    items = [(i % 2, i) for i in range(100)]
    named = ["train"] * 60 + ["test"] * 40
    found = cut(items, splits=named)
    assert found[60:] == ["test"] * 40
    assert Counter(found[:60]) == {"train": 51, "val": 9}
    complete = ["train"] * 50 + ["val"] * 20 + ["test"] * 30
    assert cut(items, splits=complete) == complete
    no_test = ["train"] * 80 + ["val"] * 20
    assert cut(items, splits=no_test) == no_test


def test_copies_with_contradictory_labels_stay_in_train() -> None:
    items = [(i % 2, i // 2) for i in range(20)] + [(i % 2, 100 + i) for i in range(20)]
    assert set(cut(items, val=0.2, test=0.2)[:20]) == {"train"}


def test_no_fraction_cuts_nothing_off() -> None:
    assert set(cut([(i % 2, i) for i in range(50)], val=0, test=0)) == {"train"}


def test_the_smallest_data_still_give_validation_and_test_items() -> None:
    counts = Counter(cut([(i % 2, i) for i in range(6)]))
    assert counts == {"train": 4, "val": 1, "test": 1}


def test_even_the_largest_shares_leave_every_class_an_item_in_train() -> None:
    items = [(i // 3, i) for i in range(9)]
    found = cut(items, val=0.45, test=0.45)
    assert {label for (label, _), s in zip(items, found, strict=True) if s == "train"} == {0, 1, 2}


def test_many_small_classes_do_not_give_more_than_their_share() -> None:
    counts = Counter(cut([(i // 3, i) for i in range(300)]))
    assert counts == {"train": 210, "val": 45, "test": 45}


def test_near_copies_stay_together_where_enough_can_be_cut_off() -> None:
    digests = [digest(i) for i in range(100)]
    of = [digests[i - i % 2] for i in range(100)]
    targets = np.array([i // 50 for i in range(100)])
    found = cut_splits(targets, np.full(100, ""), digests, of, 0.2, 0.2).tolist()
    assert found[::2] == found[1::2]
    assert Counter(found) == {"train": 60, "val": 20, "test": 20}


def test_near_copies_are_parted_where_all_are_alike() -> None:
    digests = [digest(i) for i in range(100)]
    targets = np.array([i % 2 for i in range(100)])
    found = cut_splits(targets, np.full(100, ""), digests, digests[:1] * 100, 0.2, 0.2)
    assert Counter(found.tolist()) == {"train": 60, "val": 20, "test": 20}


def test_a_few_big_groups_of_copies_are_not_all_kept_in_train() -> None:
    items = [(label, 10 * label + i // 10) for label in range(2) for i in range(40)]
    assert Counter(cut(items, val=0.15, test=0)) == {"train": 60, "val": 20}


def test_splits_without_a_train_split_are_an_error() -> None:
    with pytest.raises(UserError, match="the data have no train split, only test"):
        cut([(0, 0), (1, 1)], splits=["test", "test"])


def test_fractions_that_leave_nothing_to_train_on_are_an_error() -> None:
    with pytest.raises(UserError, match=r"val_fraction 0\.5 and test_fraction 0\.6 leave nothing"):
        cut([(0, 0), (1, 1)], val=0.5, test=0.6)
