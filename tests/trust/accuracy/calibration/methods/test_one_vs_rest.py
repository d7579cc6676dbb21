"""Isotonic regression and histogram binning of every class."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax
from sklearn.isotonic import IsotonicRegression

from finetrust.trust.accuracy.calibration.methods.histogram import histogram_values
from finetrust.trust.accuracy.calibration.methods.isotonic import isotonic_line
from finetrust.trust.accuracy.calibration.methods.method import methods

from ....worlds import calibrated_world

MIDDLE = (np.arange(15) + 0.5) / 15


def test_the_line_is_that_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    p = np.round(rng.random(300), 2)
    hit = rng.random(300) < p**2
    x, y = isotonic_line(p, hit, 0.3)
    theirs = IsotonicRegression(out_of_bounds="clip")
    theirs.fit([0.0, *p, 1.0], [0.3, *hit, 0.3])
    probes = np.linspace(0, 1, 501)
    np.testing.assert_allclose(np.interp(probes, x, y), theirs.predict(probes), atol=1e-9)


@given(
    st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=0, max_size=30),
    st.floats(0.01, 0.99),
)
def test_the_line_rises_and_stays_off_0_and_1(items: list, share: float) -> None:
    p = np.array([value for value, _ in items])
    hit = np.array([truth for _, truth in items], bool)
    x, y = isotonic_line(p, hit, share)
    assert x[0] == 0
    assert x[-1] == 1
    assert (np.diff(x) > 0).all()
    assert (np.diff(y) >= 0).all()
    assert 0 < y[0] <= y[-1] < 1


def test_a_bin_has_the_share_of_its_hits_with_one_more_item() -> None:
    p = np.array([0.5] * 9 + [0.99] * 3)
    values = histogram_values(p, np.arange(12) >= 6, MIDDLE)
    assert values[7] == pytest.approx((3 + 0.5) / 10)
    assert values[14] == pytest.approx((3 + MIDDLE[14]) / 4)
    assert values[3] == MIDDLE[3]


@pytest.mark.parametrize("name", ["isotonic", "histogram"])
def test_classes_are_calibrated_each_by_itself_and_normalised(name: str) -> None:
    logits, targets = calibrated_world(500, 3, seed=0)
    parameters, p = methods.get(name).fit(logits, targets), softmax(logits, axis=1)
    columns = []
    for c in range(3):
        if name == "isotonic":
            columns.append(np.interp(p[:, c], parameters["x"][c], parameters["y"][c]))
        else:
            bins = np.clip(np.ceil(p[:, c] * 15).astype(int) - 1, 0, 14)
            columns.append(np.array(parameters["values"][c])[bins])
    expected = np.stack(columns, axis=1)
    expected /= expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(np.exp(methods.get(name).apply(logits, parameters)), expected)
