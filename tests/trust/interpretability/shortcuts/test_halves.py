"""Items that find candidates never judge them, and donors are of the class they should be."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from finetrust.trust.interpretability.shortcuts.halves import halves


@given(st.lists(st.integers(0, 40), min_size=1, max_size=6), st.integers(0, 9))
@settings(max_examples=60, deadline=None)
def test_halves_share_no_item_and_donors_keep_to_their_half(counts: list[int], seed: int) -> None:
    targets = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))
    split, small = halves(targets, 5, 12, seed)
    large = [label for label, count in enumerate(counts) if count >= 10]
    assert small == [label for label, count in enumerate(counts) if 0 < count < 10]
    if len(large) < 2:
        assert split is None
        return
    assert split is not None
    assert not set(split[0].items) & set(split[1].items)
    for half in split:
        inside = set(half.items)
        assert len(inside) == len(half.items)
        assert set(half.same) | set(half.other) <= inside
        assert (targets[half.same] == targets[half.items]).all()
        assert (half.same != half.items).all()
        assert (targets[half.other] != targets[half.items]).all()
        for label in large:
            assert len(half.of_class[label]) == min(counts[label] // 2, 12)
            assert (targets[half.given_by(label, 7)] == label).all()
            others = half.not_of(label, 9)
            assert len(others) == min(9, len(half.items) - len(half.of_class[label]))
            assert (targets[half.items[others]] != label).all()
