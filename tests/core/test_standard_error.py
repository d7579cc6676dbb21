"""The error of a share is that of the mean of its answers with four more, and never 0."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetrust.core.standard_error import error_of_share


@given(st.integers(1, 500), st.data())
def test_it_is_the_error_of_the_mean_of_the_answers_and_two_more_of_each_kind(
    n: int, data: st.DataObject
) -> None:
    right = data.draw(st.integers(0, n))
    answers = np.repeat([1.0, 0.0], [right + 2, n - right + 2])
    assert error_of_share(right / n, n) == pytest.approx(answers.std() / np.sqrt(n + 4))


@pytest.mark.parametrize(("share", "error"), [(1.0, 0.0336), (0.9, 0.0540), (0.5, 0.0781)])
def test_of_37_items_it_is_what_it_is_by_hand(share: float, error: float) -> None:
    assert error_of_share(share, 37) == pytest.approx(error, abs=5e-5)
