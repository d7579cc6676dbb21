"""Trials are stopped by the percentile rule, among trials of their kind only."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from finetrust.tuning.search.curves import EARLIEST, FEWEST_PEERS, curve_of, is_behind

FIGURE = st.integers(0, 20).map(lambda k: k / 20)
CURVES = st.lists(st.lists(FIGURE, min_size=1, max_size=4), max_size=8)
PEERS = [{1: 0.5, 2: 0.6}, {1: 0.6, 2: 0.7}, {1: 0.7, 2: 0.8}, {1: 0.8, 2: 0.9}]


@given(st.lists(FIGURE, min_size=1, max_size=4), CURVES, st.sampled_from([50.0, 75.0]))
def test_a_trial_is_behind_if_its_best_is_below_the_percentile_at_its_step(
    curve: list[float], peers: list[list[float]], kept: float
) -> None:
    at_step = [peer[len(curve) - 1] for peer in peers if len(peer) >= len(curve)]
    longest = max(map(len, peers), default=0)
    enough = len(at_step) >= FEWEST_PEERS and len(curve) >= EARLIEST * longest
    expected = enough and max(curve) < np.percentile(at_step, 100 - kept)
    given_curves = [dict(enumerate(c, start=1)) for c in (curve, *peers)]
    assert is_behind(given_curves[0], given_curves[1:], kept) == expected


def test_the_worst_quarter_alone_is_stopped_where_there_are_several_objectives() -> None:
    assert is_behind({1: 0.6}, PEERS, kept=50.0)
    assert not is_behind({1: 0.6}, PEERS, kept=75.0)
    assert is_behind({1: 0.5}, PEERS, kept=75.0)


def test_nothing_is_stopped_before_there_are_enough_trials_of_its_kind() -> None:
    assert not is_behind({1: 0.0}, PEERS[: FEWEST_PEERS - 1], kept=50.0)
    assert not is_behind({}, PEERS, kept=50.0)


def test_nothing_is_stopped_in_the_first_quarter_of_its_epochs() -> None:
    peers = [dict.fromkeys(range(1, 9), 0.5)] * 4
    assert not is_behind({1: 0.0}, peers, kept=50.0)
    assert is_behind({1: 0.0, 2: 0.0}, peers, kept=50.0)


def test_a_curve_counts_epochs_within_their_phases() -> None:
    log = [
        {"event": "epoch", "phase": "probe", "epoch": 1, "val_accuracy": 0.1},
        {"event": "epoch", "phase": "probe", "epoch": 2, "val_accuracy": 0.2},
        {"event": "other", "phase": "probe", "epoch": 3, "val_accuracy": 0.9},
        {"event": "epoch", "phase": "full", "epoch": 1, "val_accuracy": 0.3},
        {"event": "epoch", "phase": "full", "epoch": 1, "val_accuracy": 0.4},
        {"event": "epoch", "phase": "full", "epoch": 2, "val_loss": 1.0},
    ]
    curve = curve_of(log, "val_accuracy")
    assert list(curve.values()) == [0.1, 0.2, 0.4]
    assert list(curve) == sorted(curve)


def test_an_epoch_is_compared_with_the_same_epoch_of_the_same_phase() -> None:
    def log(probe_epochs: int) -> list[dict]:
        probe = [("probe", epoch) for epoch in range(1, probe_epochs + 1)]
        return [
            {"event": "epoch", "phase": phase, "epoch": epoch, "val_accuracy": 0.5}
            for phase, epoch in [*probe, ("full", 1)]
        ]

    long, short = (curve_of(log(n), "val_accuracy") for n in (3, 1))
    assert list(long)[-1] == list(short)[-1]
