"""Averages of outputs: the mean of probabilities, as logits that everything else reads."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, softmax

from finetrust.tasks.averages import (
    mean_of_classes,
    mean_of_labels,
    mean_of_maps,
    mean_of_numbers,
)

MEMBERS = st.integers(2, 6)
SCALES = st.floats(0.1, 20)


def outputs(members: int, *shape: int, scale: float = 1.0) -> list[torch.Tensor]:
    random = torch.Generator().manual_seed(members)
    return [scale * torch.randn(*shape, generator=random) for _ in range(members)]


@given(MEMBERS, SCALES)
def test_the_softmax_of_the_average_is_the_mean_of_the_softmaxes(
    members: int, scale: float
) -> None:
    for shape in ((5, 4), (2, 3, 4)):
        logits = outputs(members, *shape, scale=scale)
        expected = np.mean([softmax(one.double().numpy(), -1) for one in logits], axis=0)
        found = softmax(mean_of_classes(logits).double().numpy(), -1)
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_of_maps_the_classes_stand_on_the_second_axis() -> None:
    logits = outputs(3, 2, 4, 5, 6)
    expected = np.mean([softmax(one.numpy(), 1) for one in logits], axis=0)
    np.testing.assert_allclose(softmax(mean_of_maps(logits).numpy(), 1), expected, atol=1e-6)


@given(MEMBERS, SCALES)
def test_the_sigmoid_of_the_average_is_the_mean_of_the_sigmoids(members: int, scale: float) -> None:
    logits = outputs(members, 5, 4, scale=scale)
    expected = np.mean([expit(one.double().numpy()) for one in logits], axis=0)
    found = expit(mean_of_labels(logits).double().numpy())
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_labels_of_which_members_are_very_sure_stay_finite() -> None:
    found = mean_of_labels([torch.tensor([[200.0, -200.0]])] * 2)
    torch.testing.assert_close(found, torch.tensor([[200.0, -200.0]]))


def test_numbers_are_averaged() -> None:
    one, other = outputs(2, 5, 1)
    torch.testing.assert_close(mean_of_numbers([one, other]), (one + other) / 2)


@pytest.mark.parametrize(
    "average", [mean_of_classes, mean_of_maps, mean_of_labels, mean_of_numbers]
)
def test_one_output_alone_stays_as_it_is(average) -> None:
    (one,) = outputs(1, 2, 3, 4, 4)
    assert average([one]) is one


def test_what_is_not_finite_stays_so() -> None:
    broken = torch.tensor([[float("nan"), 0.0]])
    assert mean_of_classes([broken, torch.zeros(1, 2)]).isnan().any()
