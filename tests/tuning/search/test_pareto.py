"""The front and the space it rules, against brute force and against Optuna."""

import itertools

import numpy as np
import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from finetrust.core.pareto import pareto_front
from finetrust.tuning.search.pareto import compromise, hypervolume

optuna.logging.set_verbosity(optuna.logging.WARNING)

POINTS = st.tuples(st.integers(0, 7), st.integers(1, 4)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=st.integers(-3, 4).map(float))
)


def dominated(point: np.ndarray, points: np.ndarray) -> bool:
    return any(
        all(o >= p for o, p in zip(other, point, strict=True))
        and any(o > p for o, p in zip(other, point, strict=True))
        for other in points
    )


def ruled_by_inclusion_and_exclusion(points: np.ndarray, reference: np.ndarray) -> float:
    total = 0.0
    for size in range(1, len(points) + 1):
        for chosen in itertools.combinations(points, size):
            sides = np.maximum(np.min(chosen, axis=0) - reference, 0.0)
            total += (-1) ** (size + 1) * float(np.prod(sides))
    return total


@given(POINTS)
def test_the_front_is_what_nothing_dominates(points: np.ndarray) -> None:
    assert pareto_front(points).tolist() == [not dominated(p, points) for p in points]


@given(POINTS)
def test_the_volume_is_that_of_the_union_of_boxes(points: np.ndarray) -> None:
    reference = np.full(points.shape[1], -1.0)
    assert hypervolume(points, reference) == pytest.approx(
        ruled_by_inclusion_and_exclusion(points, reference), abs=1e-9
    )


@given(POINTS)
def test_another_point_never_takes_from_the_volume(points: np.ndarray) -> None:
    reference = np.full(points.shape[1], -2.0)
    volumes = [hypervolume(points[:n], reference) for n in range(len(points) + 1)]
    assert volumes == sorted(volumes)


def test_the_front_is_that_of_optuna() -> None:
    points = np.random.default_rng(0).integers(0, 6, (40, 3)).astype(float)
    study = optuna.create_study(directions=["maximize"] * 3)
    for point in points:
        study.add_trial(optuna.trial.create_trial(values=point.tolist()))
    best = sorted(trial.number for trial in study.best_trials)
    assert np.flatnonzero(pareto_front(points)).tolist() == best


def test_the_compromise_is_the_knee_of_the_front() -> None:
    front = np.array([[0.0, 1.0], [0.8, 0.9], [1.0, 0.0], [0.5, 0.5]])
    assert compromise(front) == 1


def test_the_compromise_does_not_change_with_the_units() -> None:
    points = np.random.default_rng(1).random((30, 2))
    assert compromise(points) == compromise(points * [1000.0, 0.001] + [5.0, -3.0])


def test_of_one_objective_the_compromise_is_the_best() -> None:
    assert compromise(np.array([[0.2], [0.9], [0.4]])) == 1
