"""Heat maps as they are drawn, and where they are said to lie."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from finetrust.trust.interpretability.shown_heat import ShownHeat

any_map = arrays(
    np.float32,
    st.tuples(st.integers(1, 9), st.integers(1, 9)),
    elements=st.floats(-1e6, 1e6, width=32) | st.just(np.nan),
)


def hot(box: tuple[slice, slice], size: int = 20, below: float = 0.0) -> np.ndarray:
    """Return a map that is 1 in a box and `below` elsewhere."""
    heat = np.full((size, size), below)
    heat[box] = 1.0
    return heat


@given(any_map, st.booleans())
def test_whatever_the_map_what_is_drawn_lies_in_the_unit_interval(
    heat: np.ndarray, signed: bool
) -> None:
    shown = ShownHeat.of(heat, signed)
    for part in (shown.speaks_for, shown.speaks_against):
        assert part.shape == heat.shape
        assert ((part >= 0) & (part <= 1)).all()
    assert not ((shown.speaks_for > 0) & (shown.speaks_against > 0)).any()
    if not shown.is_empty:
        assert 0 < shown.area_of_half <= 1


@given(any_map, st.floats(0.01, 100), st.booleans())
def test_the_scale_of_a_map_is_not_seen(heat: np.ndarray, factor: float, signed: bool) -> None:
    one = ShownHeat.of(heat.astype(np.float64), signed)
    other = ShownHeat.of(heat.astype(np.float64) * factor, signed)
    np.testing.assert_allclose(one.speaks_for, other.speaks_for, atol=1e-6)


def test_a_map_without_signs_has_nothing_against_and_may_lie_far_above_zero() -> None:
    rollout = 5.0 + 0.01 * np.linspace(0, 1, 400).reshape(20, 20)
    shown = ShownHeat.of(rollout, signed=False)
    assert not shown.speaks_against.any()
    assert shown.speaks_for.min() == 0
    assert shown.speaks_for.max() == 1
    assert 0.4 < shown.speaks_for.mean() < 0.6


def test_both_signs_share_one_scale_and_zero_is_no_heat() -> None:
    heat = np.zeros((10, 10))
    heat[:3], heat[7:] = 2.0, -1.0
    shown = ShownHeat.of(heat, signed=True)
    assert (shown.speaks_for[:3] == 1).all()
    assert (shown.speaks_against[7:] == 0.5).all()
    assert not shown.speaks_for[3:].any()


def test_one_extreme_pixel_does_not_darken_the_others() -> None:
    heat = hot((slice(0, 10), slice(0, 10)), size=40)
    heat[30, 30] = 1e6
    assert (ShownHeat.of(heat, signed=False).speaks_for[:10, :10] == 1).all()


def test_a_single_hot_pixel_is_drawn() -> None:
    heat = np.zeros((100, 100))
    heat[3, 4] = 1.0
    shown = ShownHeat.of(heat, signed=True)
    assert shown.speaks_for.sum() == 1
    assert shown.area_of_half == 1 / 10_000


def test_an_even_map_and_one_against_alone_speak_for_nothing() -> None:
    assert ShownHeat.of(np.full((8, 8), 0.3), signed=False).is_empty
    assert ShownHeat.of(np.full((8, 8), -0.3), signed=True).is_empty
    assert ShownHeat.of(np.full((8, 8), np.nan), signed=True).is_empty


@pytest.mark.parametrize(
    ("box", "place"),
    [
        ((slice(0, 6), slice(0, 6)), "in the upper left"),
        ((slice(0, 6), slice(14, 20)), "in the upper right"),
        ((slice(14, 20), slice(0, 6)), "in the lower left"),
        ((slice(14, 20), slice(14, 20)), "in the lower right"),
        ((slice(7, 13), slice(7, 13)), "in the middle"),
        ((slice(0, 6), slice(7, 13)), "at the top"),
        ((slice(14, 20), slice(7, 13)), "at the bottom"),
        ((slice(7, 13), slice(0, 6)), "on the left"),
        ((slice(7, 13), slice(14, 20)), "on the right"),
        ((slice(0, 20), slice(0, 6)), "in the left half"),
        ((slice(0, 20), slice(14, 20)), "in the right half"),
        ((slice(0, 6), slice(0, 20)), "in the upper half"),
        ((slice(14, 20), slice(0, 20)), "in the lower half"),
    ],
)
def test_the_place_is_where_the_heat_is(box: tuple[slice, slice], place: str) -> None:
    assert ShownHeat.of(hot(box), signed=False).place == place


def test_heat_all_over_the_image_has_no_place() -> None:
    rng = np.random.default_rng(0)
    assert ShownHeat.of(rng.random((30, 30)), signed=False).place is None
    corners = np.zeros((30, 30))
    corners[:5, :5] = corners[:5, -5:] = corners[-5:, :5] = corners[-5:, -5:] = 1
    assert ShownHeat.of(corners, signed=False).place is None


def test_half_of_the_heat_of_an_even_box_lies_on_half_of_the_box() -> None:
    assert ShownHeat.of(hot((slice(0, 10), slice(0, 10))), False).area_of_half == 50 / 400
